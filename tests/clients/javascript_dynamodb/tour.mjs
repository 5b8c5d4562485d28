// Run by test_javascript_dynamodb.py: `node --test tour.mjs` with AWS_ENDPOINT_URL and credentials in the environment.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  ResourceNotFoundException,
  TransactionCanceledException,
  UpdateTimeToLiveCommand,
  paginateListTables,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  GetCommand,
  NumberValue,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
  paginateQuery,
  paginateScan,
} from "@aws-sdk/lib-dynamodb";

const TableName = "javascript-games";
const PLAYS = 60;
const WITHIN_MS = 30_000;

const client = new DynamoDBClient({ maxAttempts: 1 });
const streams = new DynamoDBStreamsClient({ maxAttempts: 1 });
// Of clients of their own: a document client changes what its client shares.
const exact = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 1 }), {
  unmarshallOptions: { wrapNumbers: true },
});
const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
let streamArn;

const play = (n) => ({
  player: `p${n % 3}`,
  at: n,
  game: n % 2 ? "go" : "chess",
  points: (n * 7) % 50,
  moves: [{ from: "a1", to: "b2", n }, null, true],
  tags: new Set(["x", `t${n % 5}`]),
  board: new Uint8Array([n, 255]),
});

/** The answer of `ask` once `enough` says so; fails when it never does. */
async function eventually(ask, enough) {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (enough(answer)) return answer;
    assert.ok(Date.now() < deadline, `not in time: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

before(async () => {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [
        { AttributeName: "player", KeyType: "HASH" },
        { AttributeName: "at", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "player", AttributeType: "S" },
        { AttributeName: "at", AttributeType: "N" },
        { AttributeName: "game", AttributeType: "S" },
        { AttributeName: "points", AttributeType: "N" },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "by-points",
          KeySchema: [
            { AttributeName: "player", KeyType: "HASH" },
            { AttributeName: "points", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-game",
          KeySchema: [
            { AttributeName: "game", KeyType: "HASH" },
            { AttributeName: "points", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  streamArn = TableDescription.LatestStreamArn;
  assert.ok(TableDescription.CreationDateTime instanceof Date);
  const waited = await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName });
  assert.equal(waited.state, "SUCCESS");
  for (let first = 0; first < PLAYS; first += 25) {
    const puts = [];
    for (let n = first; n < Math.min(first + 25, PLAYS); n += 1) puts.push({ PutRequest: { Item: play(n) } });
    const answer = await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    assert.deepEqual(answer.UnprocessedItems, {});
  }
});

after(async () => {
  await client.send(new DeleteTableCommand({ TableName }));
  const waited = await waitUntilTableNotExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName });
  assert.equal(waited.state, "SUCCESS");
  await assert.rejects(documents.send(new GetCommand({ TableName, Key: { player: "p", at: 1 } })), (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.equal(error.$metadata.httpStatusCode, 400);
    return true;
  });
  client.destroy();
  exact.destroy();
  streams.destroy();
});

test("items come back as JavaScript has them", async () => {
  const { Item } = await documents.send(
    new GetCommand({ TableName, Key: { player: "p1", at: 7 }, ConsistentRead: true }),
  );
  assert.deepEqual({ ...Item, board: new Uint8Array(Item.board) }, play(7));
  const absent = await documents.send(new GetCommand({ TableName, Key: { player: "p1", at: 8 } }));
  assert.equal(absent.Item, undefined);
  const large = NumberValue.from("12345678901234567890123456789012345678");
  const Key = { player: "large", at: 1 };
  await exact.send(new PutCommand({ TableName, Item: { ...Key, large, none: "", nothing: new Uint8Array() } }));
  const read = await exact.send(new GetCommand({ TableName, Key }));
  assert.equal(read.Item.large.toString(), large.toString());
  assert.equal(read.Item.none, "");
  assert.equal(read.Item.nothing.length, 0);
  await documents.send(new DeleteCommand({ TableName, Key }));
});

test("queries and scans give everything once, page by page", async () => {
  for (const pageSize of [1, 7, 100]) {
    const seen = [];
    for await (const page of paginateScan({ client: documents, pageSize }, { TableName })) seen.push(...page.Items);
    assert.deepEqual(seen.map((item) => item.at).sort((a, b) => a - b), [...Array(PLAYS).keys()]);
  }
  const query = {
    TableName,
    KeyConditionExpression: "player = :p AND #at BETWEEN :a AND :b",
    FilterExpression: "contains(tags, :t) OR points < :few",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":p": "p1", ":a": 10, ":b": 50, ":t": "t2", ":few": 10 },
    ScanIndexForward: false,
  };
  const found = [];
  for await (const page of paginateQuery({ client: documents, pageSize: 3 }, query)) {
    assert.ok(page.ScannedCount <= 3);
    found.push(...page.Items.map((item) => item.at));
  }
  const expected = [...Array(PLAYS).keys()].filter(
    (n) => n % 3 === 1 && n >= 10 && n <= 50 && (play(n).tags.has("t2") || play(n).points < 10),
  );
  assert.deepEqual(found, expected.reverse());
  const counts = await Promise.all(
    [0, 1, 2, 3].map((Segment) =>
      documents.send(new ScanCommand({ TableName, Segment, TotalSegments: 4, Select: "COUNT" })),
    ),
  );
  assert.equal(counts.reduce((sum, answer) => sum + answer.Count, 0), PLAYS);
});

test("indexes answer in their order", async () => {
  const found = [];
  const query = {
    TableName,
    IndexName: "by-game",
    KeyConditionExpression: "game = :g AND points > :p",
    ExpressionAttributeValues: { ":g": "go", ":p": 10 },
  };
  for await (const page of paginateQuery({ client: documents, pageSize: 4 }, query)) found.push(...page.Items);
  const expected = [...Array(PLAYS).keys()].map(play).filter((one) => one.game === "go" && one.points > 10);
  assert.deepEqual(found.map((one) => one.points), expected.map((one) => one.points).sort((a, b) => a - b));
  assert.deepEqual(Object.keys(found[0]).sort(), ["at", "game", "player", "points"]);
  const local = await documents.send(
    new QueryCommand({
      TableName,
      IndexName: "by-points",
      KeyConditionExpression: "player = :p",
      ExpressionAttributeValues: { ":p": "p0" },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  const best = Math.max(...[...Array(PLAYS).keys()].filter((n) => n % 3 === 0).map((n) => play(n).points));
  assert.equal(local.Items[0].points, best);
  assert.ok(local.Items[0].tags instanceof Set);
  await assert.rejects(documents.send(new QueryCommand({ ...query, ConsistentRead: true })), {
    name: "ValidationException",
    message: "Consistent reads are not supported on global secondary indexes",
  });
});

test("writes are conditional, and a refusal shows the item", async () => {
  const Key = { player: "conditional", at: 1 };
  const once = { TableName, Item: { ...Key, lives: 1 }, ConditionExpression: "attribute_not_exists(player)" };
  await documents.send(new PutCommand(once));
  await assert.rejects(
    documents.send(new PutCommand({ ...once, ReturnValuesOnConditionCheckFailure: "ALL_OLD" })),
    (error) => {
      assert.ok(error instanceof ConditionalCheckFailedException);
      assert.equal(error.message, "The conditional request failed");
      assert.deepEqual(error.Item.lives, { N: "1" });
      return true;
    },
  );
  const updated = await documents.send(
    new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: "SET lives = lives - :one, seen.#d = :now REMOVE gone ADD badges :b",
      ConditionExpression: "lives >= :one",
      ExpressionAttributeNames: { "#d": "day" },
      ExpressionAttributeValues: { ":one": 1, ":now": "today", ":b": new Set(["first"]) },
      ReturnValues: "ALL_NEW",
    }),
  ).catch((error) => error);
  assert.equal(updated.name, "ValidationException"); // there is no map `seen`
  assert.equal(updated.message, "The document path provided in the update expression is invalid for update");
  const done = await documents.send(
    new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: "SET lives = lives - :one ADD badges :b",
      ConditionExpression: "lives >= :one",
      ExpressionAttributeValues: { ":one": 1, ":b": new Set(["first"]) },
      ReturnValues: "ALL_NEW",
      ReturnConsumedCapacity: "INDEXES",
    }),
  );
  assert.deepEqual(done.Attributes, { ...Key, lives: 0, badges: new Set(["first"]) });
  assert.equal(done.ConsumedCapacity.Table.CapacityUnits, 1);
  const gone = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: "ALL_OLD" }));
  assert.equal(gone.Attributes.lives, 0);
});

test("batches read many keys", async () => {
  const Keys = [...Array(100).keys()].map((n) => ({ player: `p${n % 3}`, at: n }));
  const { Responses, UnprocessedKeys } = await documents.send(
    new BatchGetCommand({
      RequestItems: {
        [TableName]: { Keys, ProjectionExpression: "#at", ExpressionAttributeNames: { "#at": "at" } },
      },
    }),
  );
  assert.deepEqual(UnprocessedKeys, {});
  assert.deepEqual(Responses[TableName].map((item) => item.at).sort((a, b) => a - b), [...Array(PLAYS).keys()]);
});

test("a transaction is all or nothing, and says why", async () => {
  const key = (at) => ({ player: "transaction", at });
  const TransactItems = (points) => [
    { Put: { TableName, Item: { ...key(1), v: "new" } } },
    {
      ConditionCheck: {
        TableName,
        Key: { player: "p1", at: 7 },
        ConditionExpression: "points = :p",
        ExpressionAttributeValues: { ":p": points },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    },
    { Update: { TableName, Key: key(2), UpdateExpression: "ADD n :n", ExpressionAttributeValues: { ":n": 3 } } },
  ];
  await assert.rejects(
    documents.send(new TransactWriteCommand({ TransactItems: TransactItems(1) })),
    (error) => {
      assert.ok(error instanceof TransactionCanceledException);
      assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), [
        "None",
        "ConditionalCheckFailed",
        "None",
      ]);
      assert.equal(error.CancellationReasons[1].Message, "The conditional request failed");
      assert.deepEqual(error.CancellationReasons[1].Item.points, { N: "49" });
      return true;
    },
  );
  const get = new TransactGetCommand({ TransactItems: [1, 2].map((at) => ({ Get: { TableName, Key: key(at) } })) });
  assert.deepEqual((await documents.send(get)).Responses, [{}, {}]);
  for (let time = 0; time < 2; time += 1) {
    await documents.send(new TransactWriteCommand({ TransactItems: TransactItems(49), ClientRequestToken: "once" }));
  }
  const { Responses } = await documents.send(get);
  assert.deepEqual(Responses.map(({ Item }) => Item), [{ ...key(1), v: "new" }, { ...key(2), n: 3 }]);
});

test("PartiQL takes and gives plain values", async () => {
  const Parameters = ["partiql", 1, { deep: [1, "x"] }];
  await documents.send(
    new ExecuteStatementCommand({
      Statement: `INSERT INTO "${TableName}" VALUE {'player': ?, 'at': ?, 'v': ?}`,
      Parameters,
    }),
  );
  const { Items } = await documents.send(
    new ExecuteStatementCommand({
      Statement: `SELECT v.deep[1] FROM "${TableName}" WHERE player = ? AND "at" = ?`,
      Parameters: Parameters.slice(0, 2),
    }),
  );
  assert.equal(Items.length, 1);
  assert.deepEqual(Object.values(Items[0]), ["x"]);
});

test("the stream tells what happened", async () => {
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
  assert.equal(StreamDescription.StreamStatus, "ENABLED");
  const { ShardId } = StreamDescription.Shards.at(-1);
  let { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn: streamArn, ShardId, ShardIteratorType: "LATEST" }),
  );
  const Key = { player: "streamed", at: 1 };
  await documents.send(new PutCommand({ TableName, Item: { ...Key, v: 1 } }));
  await documents.send(new PutCommand({ TableName, Item: { ...Key, v: 2 } }));
  await documents.send(new DeleteCommand({ TableName, Key }));
  const records = [];
  await eventually(
    async () => {
      const { Records, NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator }));
      ShardIterator = NextShardIterator;
      records.push(...Records);
      return records;
    },
    () => records.length >= 3,
  );
  assert.deepEqual(records.map((record) => record.eventName), ["INSERT", "MODIFY", "REMOVE"]);
  assert.ok(records[0].dynamodb.ApproximateCreationDateTime instanceof Date);
  assert.deepEqual(records[1].dynamodb.OldImage.v, { N: "1" });
  assert.deepEqual(records[1].dynamodb.NewImage.v, { N: "2" });
});

test("items expire", async () => {
  await client.send(
    new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: "expires" } }),
  );
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  assert.deepEqual(TimeToLiveDescription, { TimeToLiveStatus: "ENABLED", AttributeName: "expires" });
  const now = Math.floor(Date.now() / 1000);
  await documents.send(new PutCommand({ TableName, Item: { player: "mortal", at: 1, expires: now - 60 } }));
  await documents.send(new PutCommand({ TableName, Item: { player: "mortal", at: 2, expires: now + 3600 } }));
  const query = new QueryCommand({
    TableName,
    KeyConditionExpression: "player = :p",
    ExpressionAttributeValues: { ":p": "mortal" },
  });
  const { Items } = await eventually(
    () => documents.send(query),
    ({ Count }) => Count === 1,
  );
  assert.equal(Items[0].at, 2);
});

test("tables are listed page by page", async () => {
  const names = [];
  for await (const page of paginateListTables({ client, pageSize: 1 }, {})) names.push(...page.TableNames);
  assert.deepEqual(names, [TableName]);
  assert.deepEqual((await client.send(new ListTablesCommand({}))).TableNames, names);
});
