// Run by test_javascript_s3_browsers.py: `node --test tour.mjs` with AWS_ENDPOINT_URL and credentials in the environment.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const Bucket = "javascript-browsers";
// Hosts with the bucket in front do not resolve everywhere.
const s3 = new S3Client({ maxAttempts: 1, forcePathStyle: true });
const url = (Command, input, expiresIn = 60) => getSignedUrl(s3, new Command({ Bucket, ...input }), { expiresIn });

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

test("headers that the signer puts into a URL hold, and the checksum of no body does not", async () => {
  const Key = "a/é b+c";
  const put = await url(PutObjectCommand, { Key, Metadata: { foo: "b r" }, StorageClass: "STANDARD_IA" });
  assert.match(put, /x-amz-checksum-crc32=AAAAAA/);
  const response = await fetch(put, { method: "PUT", body: "hello" });
  assert.equal(response.status, 200, await response.text());
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  assert.deepEqual([head.Metadata, head.StorageClass], [{ foo: "b r" }, "STANDARD_IA"]);
  const got = await fetch(await url(GetObjectCommand, { Key, ResponseContentType: "text/plain" }));
  assert.deepEqual([await got.text(), got.headers.get("content-type")], ["hello", "text/plain"]);
});

test("a URL ends, whoever signed it", async () => {
  const ended = new Date(Date.now() - 120_000);
  const signed = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "x" }), { expiresIn: 60, signingDate: ended });
  const response = await fetch(signed);
  assert.equal(response.status, 403);
  assert.match(await response.text(), /<Message>Request has expired<\/Message>/);
});

test("a form uploads what a browser has", async () => {
  const post = await createPresignedPost(s3, {
    Bucket,
    Key: "up/${filename}",
    Conditions: [["content-length-range", 0, 100]],
    Fields: { "Content-Type": "text/plain", success_action_status: "201" },
  });
  const form = new FormData();
  for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
  form.append("file", new Blob(["from a browser"]), "n é.txt");
  const response = await fetch(post.url, { method: "POST", body: form });
  assert.equal(response.status, 201);
  assert.match(await response.text(), /<Key>up\/n é.txt<\/Key>/);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "up/n é.txt" }));
  assert.deepEqual([head.ContentLength, head.ContentType], [14, "text/plain"]);
  form.set("file", new Blob(["x".repeat(101)]), "long");
  const refused = await fetch(post.url, { method: "POST", body: form });
  assert.match(await refused.text(), /<Code>EntityTooLarge<\/Code>.*<MaxSizeAllowed>100</);
});
