// Run by test_javascript_s3.py: `node --test tour.mjs` with AWS_ENDPOINT_URL and credentials in the environment.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { before, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  NoSuchKey,
  NoSuchUpload,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const MIB = 1024 * 1024;
const Bucket = "javascript-tour";
// Hosts with the bucket in front do not resolve everywhere.
const s3 = new S3Client({ maxAttempts: 1, forcePathStyle: true });
const send = (Command, input) => s3.send(new Command({ Bucket, ...input }));
const digest = (data) => createHash("sha256").update(data).digest("hex");
const read = async (Key, more) => Buffer.from(await (await send(GetObjectCommand, { Key, ...more })).Body.transformToByteArray());

before(async () => {
  await send(CreateBucketCommand, {});
});

test("an object is put, read, copied and deleted", async () => {
  const Body = "grüße";
  const put = await send(PutObjectCommand, { Key: "one", Body, ContentType: "text/plain", Metadata: { a: "b" } });
  assert.match(put.ETag, /^"[0-9a-f]{32}"$/);
  assert.ok(put.ChecksumCRC32); // the SDK's own default, sent with the body and told again
  const got = await send(GetObjectCommand, { Key: "one" });
  assert.equal(await got.Body.transformToString(), Body);
  assert.deepEqual([got.ContentType, got.Metadata], ["text/plain", { a: "b" }]);
  await send(CopyObjectCommand, { Key: "two", CopySource: `${Bucket}/one` });
  assert.equal((await read("two", { Range: "bytes=0-1" })).toString(), "gr");
  const deleted = await send(DeleteObjectsCommand, { Delete: { Objects: [{ Key: "one" }, { Key: "two" }] } });
  assert.equal(deleted.Deleted.length, 2);
  await assert.rejects(send(GetObjectCommand, { Key: "one" }), NoSuchKey);
});

test("lib-storage uploads a buffer in parts", async () => {
  const Body = randomBytes(23 * MIB + 11);
  const upload = new Upload({ client: s3, params: { Bucket, Key: "buffer", Body }, queueSize: 4, partSize: 5 * MIB });
  const seen = [];
  upload.on("httpUploadProgress", (progress) => seen.push(progress.part));
  const done = await upload.done();
  assert.match(done.ETag, /-5"$/);
  assert.deepEqual(seen.toSorted(), [1, 2, 3, 4, 5]);
  assert.equal(digest(await read("buffer")), digest(Body));
  const head = await send(HeadObjectCommand, { Key: "buffer", PartNumber: 5 });
  assert.deepEqual([head.PartsCount, head.ContentLength], [5, 3 * MIB + 11]);
});

test("lib-storage uploads a stream whose length nobody knows", async () => {
  const pieces = Array.from({ length: 12 }, () => randomBytes(MIB + 1));
  const params = { Bucket, Key: "stream", Body: Readable.from(pieces), ChecksumAlgorithm: "SHA256" };
  const done = await new Upload({ client: s3, params, partSize: 5 * MIB }).done();
  assert.match(done.ChecksumSHA256, /-3$/);
  assert.equal(digest(await read("stream")), digest(Buffer.concat(pieces)));
  const told = await send(GetObjectAttributesCommand, { Key: "stream", ObjectAttributes: ["ObjectParts", "ObjectSize"] });
  assert.deepEqual([told.ObjectParts.TotalPartsCount, told.ObjectSize], [3, 12 * (MIB + 1)]);
});

test("lib-storage aborts, and nothing is left", async () => {
  const slow = Readable.from((async function* () {
    for (;;) {
      yield randomBytes(MIB);
      await new Promise((resume) => setImmediate(resume));
    }
  })());
  const upload = new Upload({ client: s3, params: { Bucket, Key: "never", Body: slow }, partSize: 5 * MIB });
  upload.on("httpUploadProgress", () => upload.abort());
  await assert.rejects(upload.done(), { name: "AbortError" });
  const left = (await send(ListMultipartUploadsCommand, { Prefix: "never" })).Uploads ?? [];
  for (const { Key, UploadId } of left) await send(AbortMultipartUploadCommand, { Key, UploadId });
  assert.equal((await send(ListMultipartUploadsCommand, { Prefix: "never" })).Uploads, undefined);
  await assert.rejects(send(GetObjectCommand, { Key: "never" }), NoSuchKey);
});

test("an upload is begun, continued by another client, and completed once", async () => {
  const Key = "by hand/ü.bin";
  const { UploadId } = await send(CreateMultipartUploadCommand, { Key, ChecksumAlgorithm: "CRC32" });
  const first = randomBytes(5 * MIB);
  const part = await send(UploadPartCommand, { Key, UploadId, PartNumber: 1, Body: first });
  await send(PutObjectCommand, { Key: "source", Body: "0123456789" });
  const copied = await send(UploadPartCopyCommand, {
    Key, UploadId, PartNumber: 2, CopySource: `${Bucket}/source`, CopySourceRange: "bytes=2-4",
  });
  const listed = await send(ListPartsCommand, { Key, UploadId });
  assert.deepEqual(listed.Parts.map(({ ETag }) => ETag), [part.ETag, copied.CopyPartResult.ETag]);
  const Parts = listed.Parts.map(({ PartNumber, ETag, ChecksumCRC32 }) => ({ PartNumber, ETag, ChecksumCRC32 }));
  const done = await send(CompleteMultipartUploadCommand, { Key, UploadId, MultipartUpload: { Parts } });
  assert.match(done.ChecksumCRC32, /-2$/);
  assert.equal(digest(await read(Key)), digest(Buffer.concat([first, Buffer.from("234")])));
  await assert.rejects(send(ListPartsCommand, { Key, UploadId }), NoSuchUpload);
});

test("addresses that are signed put and get", async () => {
  // Otherwise the address would hold the checksum of the empty body that it was signed with.
  const signer = new S3Client({ forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" });
  const put = await getSignedUrl(signer, new PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: "PUT", body: "by address" })).status, 200);
  const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), "by address");
});

test("pages of a list", async () => {
  await Promise.all(Array.from({ length: 25 }, (_, at) => send(PutObjectCommand, { Key: `list/${at}`, Body: "" })));
  const keys = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "list/" }))
    keys.push(...page.Contents.map(({ Key }) => Key));
  assert.equal(new Set(keys).size, 25);
});
