// A tour through SNS with the AWS SDK for JavaScript, and with sns-validator, which AWS wrote for subscribers.

import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import test from "node:test";

import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListTopicsCommand,
  NotFoundException,
  PublishBatchCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import MessageValidator from "sns-validator";

const sns = new SNSClient({});
const sqs = new SQSClient({});
const account = process.env.AWS_ACCESS_KEY_ID;
const queueArn = `arn:aws:sqs:us-east-1:${account}:tour`;

// The validator asks https://sns.us-east-1.amazonaws.com for the certificate, as on AWS; here that name leads to Pileus,
// as a hosts file and something that ends TLS would lead there.
const asked = [];
https.get = (url, then) => {
  asked.push(String(url));
  const at = new URL(url);
  return http.get(new URL(at.pathname, process.env.AWS_ENDPOINT_URL), then);
};

const validate = (message, encoding) =>
  new Promise((resolve, reject) =>
    new MessageValidator(undefined, encoding).validate(message, (error, valid) => (error ? reject(error) : resolve(valid))),
  );

let topic;
let queueUrl;

async function received() {
  const answer = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 10, MessageAttributeNames: ["All"] }),
  );
  assert.equal(answer.Messages?.length, 1);
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: answer.Messages[0].ReceiptHandle }));
  return answer.Messages[0];
}

test("a topic and a queue", async () => {
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:SendMessage", Resource: queueArn },
    ],
  };
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: "tour", Attributes: { Policy: JSON.stringify(policy) } }),
  );
  queueUrl = made.QueueUrl;
  topic = (await sns.send(new CreateTopicCommand({ Name: "tour", Tags: [{ Key: "a", Value: "b" }] }))).TopicArn;
  const listed = await sns.send(new ListTopicsCommand({}));
  assert.deepEqual(listed.Topics, [{ TopicArn: topic }]);
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "sqs", Endpoint: queueArn }));
  const told = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
  assert.equal(told.Attributes.SubscriptionsConfirmed, "1");
});

for (const version of ["1", "2"]) {
  test(`sns-validator accepts notifications of version ${version}`, async () => {
    await sns.send(
      new SetTopicAttributesCommand({ TopicArn: topic, AttributeName: "SignatureVersion", AttributeValue: version }),
    );
    await sns.send(new PublishCommand({ TopicArn: topic, Message: 'grüße "all"\n', Subject: "of all kinds" }));
    const message = JSON.parse((await received()).Body);
    assert.equal(message.SignatureVersion, version);
    await validate(message);
    assert.match(asked.at(-1), /^https:\/\/sns\.us-east-1\.amazonaws\.com\/SimpleNotificationService-[0-9a-f]{32}\.pem$/);
    await assert.rejects(validate({ ...message, Message: "forged" }));
  });

  test(`sns-validator accepts confirmations of version ${version}`, async () => {
    const posted = [];
    let came;
    const server = http.createServer((request, response) => {
      let body = "";
      request.on("data", (piece) => (body += piece));
      request.on("end", () => {
        posted.push(JSON.parse(body));
        response.end();
        came();
      });
    });
    const next = () => new Promise((resolve) => (came = resolve));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${server.address().port}/`;
    let arrived = next();
    await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "http", Endpoint: endpoint }));
    await arrived;
    await validate(posted[0]);
    const { SubscriptionArn } = await sns.send(
      new ConfirmSubscriptionCommand({ TopicArn: topic, Token: posted[0].Token }),
    );
    arrived = next();
    await sns.send(new PublishCommand({ TopicArn: topic, Message: "by HTTP" }));
    await arrived;
    await validate(posted[1]);
    assert.equal(posted[1].Message, "by HTTP");
    await received();
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    server.close();
  });
}

test("a batch", async () => {
  const entries = [
    { Id: "a", Message: "m", MessageAttributes: { n: { DataType: "Number", StringValue: "1" } } },
  ];
  const answer = await sns.send(new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: entries }));
  assert.equal(answer.Successful.length, 1);
  const message = JSON.parse((await received()).Body);
  assert.deepEqual(message.MessageAttributes, { n: { Type: "Number", Value: "1" } });
});

test("errors have their classes", async () => {
  await sns.send(new DeleteTopicCommand({ TopicArn: topic }));
  await assert.rejects(sns.send(new PublishCommand({ TopicArn: topic, Message: "m" })), NotFoundException);
});
