// Sends the orders of a JSON file to Kinesis, waits until the function has written them, and prints the table.
// node javascript.mjs ORDERS.json ; endpoint and credentials come from the environment, as always with the SDK.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../sdk/node/package.json', import.meta.url));
const { KinesisClient, PutRecordsCommand } = require('@aws-sdk/client-kinesis');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, paginateScan } = require('@aws-sdk/lib-dynamodb');

const name = 'CadabraOrders';
const orders = JSON.parse(readFileSync(process.argv[2]));
const kinesis = new KinesisClient();
const table = DynamoDBDocumentClient.from(new DynamoDBClient());

for (let i = 0; i < orders.length; i += 500) {
    const answer = await kinesis.send(new PutRecordsCommand({
        StreamName: name,
        Records: orders.slice(i, i + 500).map((order) => ({
            Data: Buffer.from(JSON.stringify(order)),
            PartitionKey: order.Customer || order.InvoiceNo,
        })),
    }));
    if (answer.FailedRecordCount !== 0) throw new Error(`${answer.FailedRecordCount} records were refused`);
}

async function scan() {
    const items = [];
    for await (const page of paginateScan({ client: table }, { TableName: name })) items.push(...page.Items);
    return items;
}

const deadline = Date.now() + 120_000;
let items = await scan();
while (items.length < orders.length) {
    if (Date.now() > deadline) throw new Error(`only ${items.length} of ${orders.length} orders arrived`);
    await new Promise((wake) => setTimeout(wake, 200));
    items = await scan();
}
console.log(JSON.stringify(items));
