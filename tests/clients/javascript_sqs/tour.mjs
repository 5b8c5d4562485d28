// Run by test_javascript_sqs.py: `node --test tour.mjs` with AWS_ENDPOINT_URL and credentials in the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchEntryIdsNotDistinct,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  PurgeQueueCommand,
  PurgeQueueInProgress,
  QueueDoesNotExist,
  QueueNameExists,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  ListQueueTagsCommand,
  paginateListQueues,
} from "@aws-sdk/client-sqs";

// The SDK checks the MD5 sums of what it sends and receives, and sends to the host of the queue's URL.
const sqs = new SQSClient({ maxAttempts: 1 });
const send = (Command, input) => sqs.send(new Command(input));
const make = async (QueueName, Attributes) => (await send(CreateQueueCommand, { QueueName, Attributes })).QueueUrl;
const attribute = async (QueueUrl, name) =>
  (await send(GetQueueAttributesCommand, { QueueUrl, AttributeNames: [name] })).Attributes?.[name];

test("a queue is made, found, described and deleted", async () => {
  const QueueUrl = await make("tour", { VisibilityTimeout: 45, DelaySeconds: null }); // a number, and nothing
  assert.equal((await send(GetQueueUrlCommand, { QueueName: "tour" })).QueueUrl, QueueUrl);
  assert.equal(await attribute(QueueUrl, "VisibilityTimeout"), "45");
  await assert.rejects(make("tour", { VisibilityTimeout: "46" }), QueueNameExists);
  await send(SetQueueAttributesCommand, { QueueUrl, Attributes: { DelaySeconds: "0" } });
  await send(TagQueueCommand, { QueueUrl, Tags: { team: "red" } });
  assert.deepEqual((await send(ListQueueTagsCommand, { QueueUrl })).Tags, { team: "red" });
  await send(DeleteQueueCommand, { QueueUrl });
  await assert.rejects(send(GetQueueUrlCommand, { QueueName: "tour" }), (error) => {
    assert.ok(error instanceof QueueDoesNotExist);
    assert.equal(error.name, "QueueDoesNotExist");
    assert.equal(error.message, "The specified queue does not exist.");
    assert.equal(error.Code ?? error.code, "AWS.SimpleQueueService.NonExistentQueue");
    return true;
  });
});

test("a message is sent, received, held and deleted", async () => {
  const QueueUrl = await make("messages");
  const MessageAttributes = {
    city: { DataType: "String", StringValue: "Zürich" },
    raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 7]) },
    size: { DataType: "Number.int", StringValue: "42" },
  };
  const sent = await send(SendMessageCommand, { QueueUrl, MessageBody: "grüezi 🦊", MessageAttributes });
  const asked = { QueueUrl, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
  const { Messages } = await send(ReceiveMessageCommand, asked);
  assert.equal(Messages[0].MessageId, sent.MessageId);
  assert.equal(Messages[0].Body, "grüezi 🦊");
  assert.deepEqual([...Messages[0].MessageAttributes.raw.BinaryValue], [0, 255, 7]);
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, "1");
  const { ReceiptHandle } = Messages[0];
  await send(ChangeMessageVisibilityCommand, { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  const again = (await send(ReceiveMessageCommand, asked)).Messages[0];
  assert.equal(again.Attributes.ApproximateReceiveCount, "2");
  await send(DeleteMessageCommand, { QueueUrl, ReceiptHandle: again.ReceiptHandle });
  assert.equal((await send(ReceiveMessageCommand, asked)).Messages, undefined);
  await assert.rejects(send(DeleteMessageCommand, { QueueUrl, ReceiptHandle: "no" }), ReceiptHandleIsInvalid);
});

test("batches tell of each entry", async () => {
  const QueueUrl = await make("batches");
  const Entries = ["a", "b", "c"].map((Id) => ({ Id, MessageBody: `body ${Id}` }));
  const sent = await send(SendMessageBatchCommand, { QueueUrl, Entries });
  assert.deepEqual(sent.Successful.map((entry) => entry.Id), ["a", "b", "c"]);
  assert.equal(sent.Failed, undefined);
  const { Messages } = await send(ReceiveMessageCommand, { QueueUrl, MaxNumberOfMessages: 10 });
  const handles = Messages.map(({ ReceiptHandle }, n) => ({ Id: `${n}`, ReceiptHandle }));
  const held = await send(ChangeMessageVisibilityBatchCommand, {
    QueueUrl,
    Entries: handles.map((handle) => ({ ...handle, VisibilityTimeout: 60 })),
  });
  assert.equal(held.Successful.length, Messages.length);
  const deleted = await send(DeleteMessageBatchCommand, {
    QueueUrl,
    Entries: [...handles, { Id: "bad", ReceiptHandle: "bad" }],
  });
  assert.equal(deleted.Successful.length, Messages.length);
  assert.equal(deleted.Failed[0].Code, "ReceiptHandleIsInvalid");
  const twice = [Entries[0], Entries[0]];
  await assert.rejects(send(SendMessageBatchCommand, { QueueUrl, Entries: twice }), BatchEntryIdsNotDistinct);
});

test("a FIFO queue keeps the order, and takes a message once", async () => {
  const QueueUrl = await make("tour.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
  for (const MessageBody of ["1", "2", "2", "3"]) await send(SendMessageCommand, { QueueUrl, MessageBody, MessageGroupId: "g" });
  const { Messages } = await send(ReceiveMessageCommand, { QueueUrl, MaxNumberOfMessages: 10 });
  assert.deepEqual(Messages.map((message) => message.Body), ["1", "2", "3"]);
});

test("a long poll is woken by a message", async () => {
  const QueueUrl = await make("poll");
  const started = Date.now();
  const waiting = send(ReceiveMessageCommand, { QueueUrl, WaitTimeSeconds: 20 });
  await send(SendMessageCommand, { QueueUrl, MessageBody: "wake" });
  assert.equal((await waiting).Messages[0].Body, "wake");
  assert.ok(Date.now() - started < 10_000);
});

test("dead letters go back", async () => {
  const dead = await make("dead");
  const SourceArn = await attribute(dead, "QueueArn");
  const QueueUrl = await make("source", {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }),
  });
  await send(SendMessageCommand, { QueueUrl, MessageBody: "poison" });
  await send(ReceiveMessageCommand, { QueueUrl, VisibilityTimeout: 0 });
  assert.equal((await send(ReceiveMessageCommand, { QueueUrl })).Messages, undefined);
  await send(StartMessageMoveTaskCommand, { SourceArn });
  const { Messages } = await send(ReceiveMessageCommand, { QueueUrl, WaitTimeSeconds: 10 });
  assert.equal(Messages[0].Body, "poison");
  const { Results } = await send(ListMessageMoveTasksCommand, { SourceArn });
  assert.equal(Results[0].Status, "COMPLETED");
});

test("queues are listed in pages, and purged once a minute", async () => {
  for (let n = 0; n < 5; n++) await make(`page-${n}`);
  const found = [];
  const pages = paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: "page-" });
  for await (const page of pages) found.push(...page.QueueUrls);
  assert.deepEqual(found.map((url) => url.split("/").pop()), [0, 1, 2, 3, 4].map((n) => `page-${n}`));
  await send(PurgeQueueCommand, { QueueUrl: found[0] });
  await assert.rejects(send(PurgeQueueCommand, { QueueUrl: found[0] }), PurgeQueueInProgress);
});
