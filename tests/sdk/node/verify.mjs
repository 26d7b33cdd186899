// Run by test_auth.py against a server that verifies signatures: Kinesis signs ":authority" over HTTP/2, the others
// "host" over HTTP/1.1, Lambda a path that is encoded twice.
import assert from 'node:assert/strict';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const wrong = { maxAttempts: 1, credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' } };
const forged = (name) => (e) => e.name === name && e.$metadata.httpStatusCode === 403;

assert.deepEqual((await new KinesisClient().send(new ListStreamsCommand({}))).StreamNames, []);
await assert.rejects(new KinesisClient(wrong).send(new ListStreamsCommand({})), forged('InvalidSignatureException'));

const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:none';
await assert.rejects(new LambdaClient().send(new GetFunctionCommand({ FunctionName })), { name: 'ResourceNotFoundException' });
await assert.rejects(new LambdaClient(wrong).send(new GetFunctionCommand({ FunctionName })), forged('InvalidSignatureException'));

assert.equal((await new STSClient().send(new GetCallerIdentityCommand({}))).Account, '000000000000');
await assert.rejects(new STSClient(wrong).send(new GetCallerIdentityCommand({})), forged('SignatureDoesNotMatch'));
