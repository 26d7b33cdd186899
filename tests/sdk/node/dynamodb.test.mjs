import assert from 'node:assert/strict';
import test from 'node:test';
import { CreateTableCommand, DynamoDBClient, ResourceNotFoundException, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import {
    BatchWriteCommand, DeleteCommand, DynamoDBDocumentClient, GetCommand, NumberValue, PutCommand, QueryCommand, paginateScan,
} from '@aws-sdk/lib-dynamodb';

const client = new DynamoDBClient();
const documents = DynamoDBDocumentClient.from(client, { unmarshallOptions: { wrapNumbers: NumberValue.from } });
const TableName = 'Orders';

test.before(async () => {
    await client.send(new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'customer', AttributeType: 'N' }, { AttributeName: 'order', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'customer', KeyType: 'HASH' }, { AttributeName: 'order', KeyType: 'RANGE' }],
        BillingMode: 'PAY_PER_REQUEST',
    }));
    await waitUntilTableExists({ client, maxWaitTime: 240 }, { TableName });
});

test('an item of every type comes back as it went', async () => {
    const Item = {
        customer: 1, order: 'all types', text: 'naïve 電', yes: true, nothing: null,
        exact: NumberValue.from('12345678901234567890123456789012345678'),
        bytes: Uint8Array.from([0, 1, 254, 255]), list: [1, 'two', [true]], map: { deep: { deeper: ['x'] } },
        strings: new Set(['a', 'b']), numbers: new Set([1, 2]),
    };
    await documents.send(new PutCommand({ TableName, Item }));
    const { Item: found } = await documents.send(new GetCommand({ TableName, Key: { customer: 1, order: 'all types' } }));
    assert.equal(found.exact.toString(), '12345678901234567890123456789012345678');
    assert.equal(found.text, Item.text);
    assert.deepEqual(found.bytes, Item.bytes);
    assert.deepEqual(found.strings, Item.strings);
    assert.deepEqual(found.map, Item.map);
    assert.equal(found.nothing, null);
});

test('a partition is queried in order, both ways, page by page', async () => {
    const orders = Array.from({ length: 25 }, (_, i) => `order-${String(i).padStart(3, '0')}`);
    await documents.send(new BatchWriteCommand({
        RequestItems: { [TableName]: orders.map((order) => ({ PutRequest: { Item: { customer: 2, order } } })) },
    }));
    const query = { TableName, KeyConditionExpression: 'customer = :c', ExpressionAttributeValues: { ':c': 2 } };
    const forward = await documents.send(new QueryCommand(query));
    assert.deepEqual(forward.Items.map((i) => i.order), orders);
    const back = await documents.send(new QueryCommand({ ...query, ScanIndexForward: false, Limit: 10 }));
    assert.deepEqual(back.Items.map((i) => i.order), orders.toReversed().slice(0, 10));
    const next = await documents.send(new QueryCommand({ ...query, ScanIndexForward: false, ExclusiveStartKey: back.LastEvaluatedKey }));
    assert.deepEqual(next.Items.map((i) => i.order), orders.toReversed().slice(10));
});

test('scanning in small pages meets each item once', async () => {
    for (let i = 0; i < 4; i++) {
        await documents.send(new BatchWriteCommand({
            RequestItems: { [TableName]: Array.from({ length: 25 }, (_, j) => ({ PutRequest: { Item: { customer: 100 + i, order: `${j}` } } })) },
        }));
    }
    const seen = new Map();
    for await (const page of paginateScan({ client: documents, pageSize: 7 }, { TableName })) {
        for (const item of page.Items) {
            const key = `${item.customer} ${item.order}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
        }
    }
    assert.ok([...seen.values()].every((n) => n === 1));
    assert.ok([...seen.keys()].filter((k) => /^10\d /.test(k)).length === 100);
});

test('what is deleted is gone, what never was is an error', async () => {
    const Key = { customer: 3, order: 'x' };
    await documents.send(new PutCommand({ TableName, Item: Key }));
    const { Attributes } = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: 'ALL_OLD' }));
    assert.equal(Attributes.order, 'x');
    assert.equal((await documents.send(new GetCommand({ TableName, Key }))).Item, undefined);
    await assert.rejects(documents.send(new GetCommand({ TableName: 'Nowhere', Key })), ResourceNotFoundException);
});
