import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
    CreateAliasCommand, CreateFunctionCommand, InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient, PublishVersionCommand,
    ResourceNotFoundException, waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';

const lambda = new LambdaClient();

function packed(name, source) {
    const folder = mkdtempSync(join(tmpdir(), 'cadabra-'));
    writeFileSync(join(folder, name), source);
    execFileSync('python3', ['-m', 'zipfile', '-c', 'f.zip', name], { cwd: folder });
    return readFileSync(join(folder, 'f.zip'));
}

async function create(FunctionName, file, source, more = {}) {
    await lambda.send(new CreateFunctionCommand({
        FunctionName, Runtime: 'nodejs22.x', Handler: 'index.handler', Role: `arn:aws:iam::${process.env.AWS_ACCESS_KEY_ID}:role/r`,
        Code: { ZipFile: packed(file, source) }, Timeout: 200, ...more,
    }));
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 240 }, { FunctionName });
}

async function invoke(FunctionName, event) {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), LogType: 'Tail' }));
    return { ...answer, value: JSON.parse(Buffer.from(answer.Payload).toString()), log: Buffer.from(answer.LogResult, 'base64').toString() };
}

test('an ES module runs, and its log comes back', async () => {
    await create('module', 'index.mjs', `export const handler = async (event, context) => {
        console.log('seen', event.n); return { twice: event.n * 2, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 }; };`);
    const answer = await invoke('module', { n: 21 });
    assert.equal(answer.StatusCode, 200);
    assert.deepEqual(answer.value, { twice: 42, name: 'module', left: true });
    assert.match(answer.log, /seen 21/);
    assert.match(answer.log, /REPORT RequestId: /);
});

test('a CommonJS module with a callback runs', async () => {
    await create('callback', 'index.js', 'exports.handler = (event, context, callback) => callback(null, event);');
    assert.deepEqual((await invoke('callback', { a: ['ü'] })).value, { a: ['ü'] });
});

test('an exception answers as on AWS', async () => {
    await create('throws', 'index.mjs', 'export const handler = async () => { throw new TypeError("no luck"); };');
    const answer = await invoke('throws', {});
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, 'Unhandled');
    assert.equal(answer.value.errorType, 'TypeError');
    assert.equal(answer.value.errorMessage, 'no luck');
    assert.ok(Array.isArray(answer.value.trace));
});

test('an unknown function is an error of the service', async () => {
    await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'nowhere' })), ResourceNotFoundException);
});

test('a streamed answer arrives in chunks', async () => {
    // What follows is written when the first chunk has arrived.
    const seen = join(process.env.HOME, 'seen');
    await create('streams', 'index.mjs', `import { existsSync } from 'node:fs';
        export const handler = awslambda.streamifyResponse(async (event, stream) => {
            const [first, ...rest] = event.parts;
            stream.write(first);
            while (!existsSync(event.seen)) await new Promise((go) => setTimeout(go, 20));
            for (const part of rest) stream.write(part);
            stream.end(); });`);
    const answer = await lambda.send(new InvokeWithResponseStreamCommand({
        FunctionName: 'streams', Payload: JSON.stringify({ parts: ['a', 'b', 'c'], seen }),
    }));
    const chunks = [];
    let complete;
    for await (const event of answer.EventStream) {
        if (event.PayloadChunk) {
            chunks.push(Buffer.from(event.PayloadChunk.Payload).toString());
            writeFileSync(seen, '');
        }
        if (event.InvokeComplete) complete = event.InvokeComplete;
    }
    assert.equal(chunks.join(''), 'abc');
    assert.ok(chunks.length > 1);
    assert.equal(complete.ErrorCode, undefined);
});

test('an alias leads to a version', async () => {
    await create('aliased', 'index.mjs', 'export const handler = async (event, context) => [context.functionVersion, context.invokedFunctionArn];');
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: 'aliased' }));
    const { AliasArn } = await lambda.send(new CreateAliasCommand({ FunctionName: 'aliased', Name: 'live', FunctionVersion: Version }));
    const answer = await lambda.send(new InvokeCommand({ FunctionName: AliasArn }));
    assert.equal(answer.ExecutedVersion, '1');
    assert.deepEqual(JSON.parse(Buffer.from(answer.Payload).toString()), ['1', AliasArn]);
});
