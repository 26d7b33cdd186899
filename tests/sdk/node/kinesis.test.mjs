// The Kinesis client speaks HTTP/2 without asking, one connection a request.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
    CreateStreamCommand, DescribeStreamSummaryCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient,
    ListShardsCommand, PutRecordCommand, PutRecordsCommand, RegisterStreamConsumerCommand, ResourceNotFoundException,
    SplitShardCommand, SubscribeToShardCommand, waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';

const kinesis = new KinesisClient();

async function readAll(StreamName) {
    const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName }));
    const records = [];
    for (const { ShardId } of Shards) {
        const found = await kinesis.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
        let iterator = found.ShardIterator;
        for (;;) {
            const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
            records.push(...page.Records);
            iterator = page.NextShardIterator;
            if (page.Records.length === 0) break;
        }
    }
    return records;
}

test('1,000 simultaneous PutRecord calls, each on its own connection, all succeed', async () => {
    const StreamName = 'thousand';
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
    await waitUntilStreamExists({ client: kinesis, maxWaitTime: 240 }, { StreamName });
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey: `key-${i}`, Data: Buffer.from(`record ${i}`) }))));
    assert.equal(new Set(answers.map((a) => a.SequenceNumber)).size, 1000);
    for (const answer of answers) assert.equal(answer.$metadata.attempts, 1);
    const texts = (await readAll(StreamName)).map((r) => Buffer.from(r.Data).toString());
    assert.deepEqual(new Set(texts), new Set(Array.from({ length: 1000 }, (_, i) => `record ${i}`)));
});

test('large batches arrive byte for byte', async () => {
    const StreamName = 'large';
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await waitUntilStreamExists({ client: kinesis, maxWaitTime: 240 }, { StreamName });
    const bodies = Array.from({ length: 4 }, (_, i) => Buffer.alloc(1_000_000, i + 1));
    const answer = await kinesis.send(new PutRecordsCommand({
        StreamName, Records: bodies.map((Data, i) => ({ Data, PartitionKey: `${i}` })),
    }));
    assert.equal(answer.FailedRecordCount, 0);
    const records = await readAll(StreamName);
    assert.equal(records.length, 4);
    records.forEach((r, i) => assert.ok(bodies[i].equals(Buffer.from(r.Data))));
});

test('an error is the service\'s own', async () => {
    await assert.rejects(
        kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'nowhere' })),
        (e) => e instanceof ResourceNotFoundException && /^Stream nowhere under account \d{12} not found\.$/.test(e.message));
});

test('a subscription pushes records over HTTP/2 and ends with the children of a split', async () => {
    const StreamName = 'pushed';
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    const { Consumer } = await kinesis.send(new RegisterStreamConsumerCommand({
        StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: 'c',
    }));
    const ShardId = 'shardId-000000000000';
    const { EventStream } = await kinesis.send(new SubscribeToShardCommand({
        ConsumerARN: Consumer.ConsumerARN, ShardId, StartingPosition: { Type: 'LATEST' },
    }));
    const seen = [];
    let children;
    const put = (i) => kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(`${i}`) }));
    await put(0);
    for await (const { SubscribeToShardEvent: event } of EventStream) {
        seen.push(...event.Records.map((r) => Buffer.from(r.Data).toString()));
        if (event.ChildShards) children = event.ChildShards.map((c) => c.ShardId);
        else if (seen.length === 5) {
            await kinesis.send(new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: '1000' }));
        } else if (event.Records.length) {
            assert.equal(event.ContinuationSequenceNumber, event.Records.at(-1).SequenceNumber);
            await put(seen.length);
        }
    }
    assert.deepEqual(seen, ['0', '1', '2', '3', '4']);
    assert.deepEqual(children, ['shardId-000000000001', 'shardId-000000000002']);
});
