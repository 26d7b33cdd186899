import assert from 'node:assert/strict';
import test from 'node:test';
import { CreateTableCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
    DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';

const client = new DynamoDBClient();
const streams = new DynamoDBStreamsClient();
const TableName = 'Changes';

test('a stream is found and read', async () => {
    const { TableDescription: table } = await client.send(new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }));
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' }, b: { B: Uint8Array.from([0, 255]) } } }));
    await client.send(new UpdateItemCommand({
        TableName, Key: { id: { S: 'a' } }, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '1' } },
    }));
    const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
    assert.deepEqual(Streams.map(s => s.StreamArn), [table.LatestStreamArn]);
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: table.LatestStreamArn }));
    assert.equal(StreamDescription.StreamStatus, 'ENABLED');
    const { ShardIterator } = await streams.send(new GetShardIteratorCommand({
        StreamArn: table.LatestStreamArn, ShardId: StreamDescription.Shards[0].ShardId, ShardIteratorType: 'TRIM_HORIZON',
    }));
    const { Records, NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    assert.deepEqual(Records.map(r => r.eventName), ['INSERT', 'MODIFY']);
    assert.deepEqual(Records[0].dynamodb.NewImage.b.B, Uint8Array.from([0, 255]));
    assert.deepEqual(Records[1].dynamodb.NewImage.n, { N: '1' });
    assert.equal(Records[1].dynamodb.OldImage.n, undefined);
    assert.ok(Records[0].dynamodb.ApproximateCreationDateTime instanceof Date);
    assert.ok(NextShardIterator);
});
