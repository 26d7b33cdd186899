// Firehose with the JavaScript SDK v3: a stream, its records in S3, its errors.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'node:test';

import {
    CreateDeliveryStreamCommand, DeleteDeliveryStreamCommand, DescribeDeliveryStreamCommand, FirehoseClient,
    ListDeliveryStreamsCommand, PutRecordBatchCommand, PutRecordCommand, ResourceNotFoundException, UpdateDestinationCommand,
} from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

const firehose = new FirehoseClient({});
const s3 = new S3Client({ forcePathStyle: true });
const Bucket = `node-${process.env.AWS_ACCESS_KEY_ID}`;

test('records travel through a stream into S3', async () => {
    await s3.send(new CreateBucketCommand({ Bucket }));
    await firehose.send(new CreateDeliveryStreamCommand({
        DeliveryStreamName: 'node',
        ExtendedS3DestinationConfiguration: {
            RoleARN: 'arn:aws:iam::000000000000:role/r',
            BucketARN: `arn:aws:s3:::${Bucket}`,
            BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
            Prefix: 'in/',
        },
    }));
    const one = await firehose.send(new PutRecordCommand({ DeliveryStreamName: 'node', Record: { Data: Buffer.from('one\n') } }));
    assert.ok(one.RecordId);
    const batch = await firehose.send(new PutRecordBatchCommand({
        DeliveryStreamName: 'node',
        Records: ['two\n', 'three\n'].map((text) => ({ Data: Buffer.from(text) })),
    }));
    assert.equal(batch.FailedPutCount, 0);
    let text = '';
    for (let tries = 0; text.length < 14 && tries < 6000; tries++, await pause(40)) {
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'in/20' }));
        text = '';
        for (const { Key } of Contents)
            text += await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToString();
    }
    assert.equal(text, 'one\ntwo\nthree\n');
});

test('a stream is described, changed, listed and deleted', async () => {
    const { DeliveryStreamDescription: d } = await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'node' }));
    assert.equal(d.DeliveryStreamStatus, 'ACTIVE');
    assert.ok(d.CreateTimestamp instanceof Date);
    await firehose.send(new UpdateDestinationCommand({
        DeliveryStreamName: 'node',
        CurrentDeliveryStreamVersionId: d.VersionId,
        DestinationId: d.Destinations[0].DestinationId,
        ExtendedS3DestinationUpdate: { CompressionFormat: 'GZIP' },
    }));
    const { DeliveryStreamNames } = await firehose.send(new ListDeliveryStreamsCommand({}));
    assert.deepEqual(DeliveryStreamNames, ['node']);
    await firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: 'node' }));
    await assert.rejects(
        firehose.send(new PutRecordCommand({ DeliveryStreamName: 'node', Record: { Data: Buffer.from('x') } })),
        ResourceNotFoundException);
});
