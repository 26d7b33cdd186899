import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'node:test';
import {
    CopyObjectCommand, CreateBucketCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, NoSuchKey, PutObjectCommand, S3Client,
    paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const client = new S3Client({ forcePathStyle: true });
const Bucket = `b-${randomBytes(8).toString('hex')}`;

const bodyOf = async (Key, more = {}) => Buffer.from(await (await client.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body.transformToByteArray());

test.before(() => client.send(new CreateBucketCommand({ Bucket })));

test('a buffer and a stream come back, checked by the client', async () => {
    for (const size of [0, 5, 100_000, 5 << 20]) {
        const body = randomBytes(size);
        await client.send(new PutObjectCommand({ Bucket, Key: 'buffer', Body: body, Metadata: { one: '1' } }));
        assert.ok((await bodyOf('buffer')).equals(body));
        const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'stream', Body: Readable.from([body]), ContentLength: size }));
        assert.equal(ETag, `"${createHash('md5').update(body).digest('hex')}"`);
        assert.ok((await bodyOf('stream')).equals(body));
        const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'stream' }));
        assert.equal(head.ContentLength, size);
        assert.equal(head.ContentEncoding, undefined);
    }
});

test('lib-storage uploads a stream of unknown length in parts', async () => {
    const body = randomBytes(12 << 20);
    const pieces = (function* () { for (let i = 0; i < body.length; i += 100_000) yield body.subarray(i, i + 100_000); })();
    const done = await new Upload({ client, params: { Bucket, Key: 'parts', Body: Readable.from(pieces) } }).done();
    assert.match(done.ETag, /-3"$/);
    assert.ok((await bodyOf('parts')).equals(body));
    assert.ok((await bodyOf('parts', { Range: 'bytes=5242870-5242889' })).equals(body.subarray(5242870, 5242890)));
});

test('presigned URLs and forms', async () => {
    const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'a b', Metadata: { m: '1' } }));
    assert.equal((await fetch(put, { method: 'PUT', body: 'hello' })).status, 200);
    const get = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'a b' }));
    assert.equal(await (await fetch(get)).text(), 'hello');
    const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'form/${filename}', Conditions: [['content-length-range', 1, 100]] });
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob(['posted']), 'ü.txt');
    assert.equal((await fetch(url, { method: 'POST', body: form })).status, 204);
    assert.equal((await bodyOf('form/ü.txt')).toString(), 'posted');
});

test('copies, listings, deletions and errors', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'list/ü +&', Body: 'x' }));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'list/copy', CopySource: `${Bucket}/${encodeURIComponent('list/ü +&')}` }));
    const keys = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 1 }, { Bucket, Prefix: 'list/' })) keys.push(...(page.Contents ?? []).map((o) => o.Key));
    assert.deepEqual(keys, ['list/copy', 'list/ü +&']);
    const { Deleted } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    assert.equal(Deleted.length, 2);
    await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: 'list/copy' })), NoSuchKey);
});
