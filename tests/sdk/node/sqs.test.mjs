// The SQS client checks the digests of what it gets; so these tests see wrong ones.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
    ChangeMessageVisibilityCommand, CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand,
    PurgeQueueCommand, QueueDoesNotExist, ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient,
    paginateListQueues,
} from '@aws-sdk/client-sqs';

const sqs = new SQSClient();

async function makeQueue(QueueName, Attributes) {
    return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
}

test('messages with attributes, sent and received', async () => {
    const QueueUrl = await makeQueue('node');
    const MessageAttributes = {
        text: { DataType: 'String', StringValue: 'žluť' },
        bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255, 7) },
    };
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'čau', MessageAttributes }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({
        QueueUrl, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'], WaitTimeSeconds: 5,
    }));
    assert.equal(Messages.length, 1);
    assert.equal(Messages[0].MessageId, sent.MessageId);
    assert.equal(Messages[0].Body, 'čau');
    assert.equal(Messages[0].MessageAttributes.text.StringValue, 'žluť');
    assert.deepEqual([...Messages[0].MessageAttributes.bytes.BinaryValue], [0, 255, 7]);
    assert.equal(Messages[0].Attributes.ApproximateReceiveCount, '1');
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle, VisibilityTimeout: 0 }));
    const again = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    assert.equal(again.Messages.length, 1);
});

test('batches, counts and a purge', async () => {
    const QueueUrl = await makeQueue('batches');
    const Entries = [...Array(10).keys()].map((n) => ({ Id: `m${n}`, MessageBody: `body ${n}` }));
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    assert.equal(sent.Successful.length, 10);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 4 }));
    await sqs.send(new DeleteMessageBatchCommand({
        QueueUrl, Entries: Messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle })),
    }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    assert.equal(Attributes.ApproximateNumberOfMessages, '6');
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    assert.equal((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages, undefined);
});

test('a FIFO queue keeps the order of a group', async () => {
    const QueueUrl = await makeQueue('node.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    const numbers = [];
    for (const MessageBody of ['1', '2', '3', '2'])
        numbers.push((await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'g' }))).SequenceNumber);
    assert.ok(numbers[0] < numbers[1] && numbers[1] < numbers[2] && numbers[3] === numbers[1]);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    assert.deepEqual(Messages.map((m) => m.Body), ['1', '2', '3']);
});

test('a queue that is not there', async () => {
    const QueueUrl = (await makeQueue('there')).replace('/there', '/nowhere');
    await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })), (error) => {
        assert.ok(error instanceof QueueDoesNotExist);
        assert.equal(error.Code, 'AWS.SimpleQueueService.NonExistentQueue');
        return true;
    });
});

test('all pages of queues', async () => {
    for (let n = 0; n < 5; n++)
        await makeQueue(`page-${n}`);
    const urls = [];
    for await (const page of paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: 'page-' }))
        urls.push(...(page.QueueUrls ?? []));
    assert.equal(urls.length, 5);
});
