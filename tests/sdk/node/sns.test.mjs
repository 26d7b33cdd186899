// Messages over HTTP, checked by sns-validator, which AWS publishes for the receiving side.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import test from 'node:test';
import {
    ConfirmSubscriptionCommand, CreateTopicCommand, PublishBatchCommand, PublishCommand, SetTopicAttributesCommand, SNSClient,
    SubscribeCommand,
} from '@aws-sdk/client-sns';
import MessageValidator from 'sns-validator';

const sns = new SNSClient();

// The validator takes certificates from https addresses of AWS alone. The address is not signed, so it is named as one;
// the certificate itself comes from the server that the message names.
https.get = (url, callback) => http.get(url.replace('https:', 'http:'), callback);
const validator = new MessageValidator(/^127\.0\.0\.1:\d+$/);

function validate(text) {
    const message = JSON.parse(text.replace('"SigningCertURL" : "http:', '"SigningCertURL" : "https:'));
    return new Promise((resolve, reject) => {
        validator.validate(message, (error, good) => (error ? reject(error) : resolve(good)));
    });
}

async function listen() {
    const waiting = [];
    const arrived = [];
    const server = http.createServer(async (request, response) => {
        let text = '';
        for await (const chunk of request) text += chunk;
        response.end();
        if (waiting.length) waiting.shift()(text);
        else arrived.push(text);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const next = () => (arrived.length ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve)));
    return { url: `http://127.0.0.1:${server.address().port}/`, next, close: () => server.close() };
}

for (const version of ['1', '2']) {
    test(`what is sent over HTTP passes the validator, signature version ${version}`, async () => {
        const receiver = await listen();
        const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `signed-${version}` }));
        await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'SignatureVersion', AttributeValue: version }));
        await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: receiver.url }));
        const confirmation = await validate(await receiver.next());
        assert.equal(confirmation.Type, 'SubscriptionConfirmation');
        assert.equal(confirmation.SignatureVersion, version);
        const { SubscriptionArn } = await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: confirmation.Token }));
        await sns.send(new PublishCommand({ TopicArn, Message: 'grüße\n☃ "x"', Subject: 'all of it' }));
        const notification = await validate(await receiver.next());
        assert.equal(notification.Message, 'grüße\n☃ "x"');
        await sns.send(new PublishCommand({ TopicArn, Message: 'no subject' }));
        const text = await receiver.next();
        await validate(text);
        await assert.rejects(validate(text.replace('no subject', 'forged')), /signature is invalid/);
        assert.equal(notification.UnsubscribeURL, `${process.env.AWS_ENDPOINT_URL}/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`);
        assert.equal((await fetch(notification.UnsubscribeURL)).status, 200);
        assert.equal(JSON.parse(await receiver.next()).Type, 'UnsubscribeConfirmation');
        receiver.close();
    });
}

test('a batch through the JavaScript client', async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'batch.fifo', Attributes: { FifoTopic: 'true' } }));
    const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({
        Id, Message: Id, MessageGroupId: 'g', MessageDeduplicationId: Id,
    }));
    const { Successful } = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    assert.ok(Successful[0].SequenceNumber < Successful[1].SequenceNumber);
});
