"use strict";
// How does a Node.js function run inside its cell?
//
// Loads the handler, says that it is ready, and answers one event after the other. An invocation ends when its handler's
// promise is settled; with a callback, when that is called and the event loop is empty (unless
// `callbackWaitsForEmptyEventLoop` is false); and when the event loop is empty though nobody answered. So during an
// invocation the channel does not keep the event loop alive, and `beforeExit` tells when nothing is left to do.

const channel = require("./channel.cjs");
const log = require("./console.cjs");
const errors = require("./errors.cjs");
const loading = require("./loading.cjs");
const streaming = require("./streaming.cjs");

const CALLBACK_REMOVED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to " +
  "modify this function to use a supported handler signature to use Node.js 24 or later.";

const META_BYTES = 4;
const env = process.env;

const constants = {
  functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
};

/** The invocation under way; undefined between two. */
let current;
let whenEmpty;

class Invocation {
  constructor(meta) {
    this.meta = meta;
    this.over = false;
    /** Whether somebody has answered; the answer may still wait for the event loop. */
    this.answered = false;
    this.waitsForEmptyEventLoop = true;
  }

  /** Between invocations the channel keeps the event loop alive. */
  finish() {
    this.over = true;
    whenEmpty = undefined;
    current = undefined;
    channel.awaitEvent(true);
  }

  succeed(result) {
    if (this.over) return;
    let payload;
    try {
      payload = JSON.stringify(result === undefined ? null : result) ?? "null";
    } catch {
      return this.fail(new Error("Unable to stringify response body"));
    }
    this.finish();
    channel.answer(payload);
  }

  fail(thrown) {
    if (this.over) return;
    log.failed("Invoke Error", thrown);
    this.finish();
    channel.error(JSON.stringify(errors.document(thrown)));
  }

  /** Only the first answer counts. */
  first() {
    const first = !this.answered;
    this.answered = true;
    return first && !this.over;
  }

  callback(thrown, result) {
    if (!this.first()) return;
    if (thrown !== undefined && thrown !== null) this.fail(thrown);
    else if (!this.waitsForEmptyEventLoop) this.succeed(result);
    else whenEmpty = () => setImmediate(() => this.succeed(result));
  }

  done(thrown, result) {
    if (!this.first()) return;
    if (thrown !== undefined && thrown !== null) this.fail(thrown);
    else this.succeed(result);
  }

  context() {
    const invocation = this;
    const { requestId, deadline, arn, clientContext } = this.meta;
    return {
      get callbackWaitsForEmptyEventLoop() {
        return invocation.waitsForEmptyEventLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        invocation.waitsForEmptyEventLoop = value;
      },
      succeed: (result) => invocation.done(null, result),
      fail: (thrown) => invocation.done(thrown ?? "handled"),
      done: (thrown, result) => invocation.done(thrown, result),
      ...constants,
      clientContext: clientContext ? JSON.parse(clientContext) : undefined,
      identity: undefined,
      invokedFunctionArn: arn,
      awsRequestId: requestId,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
  }
}

function readMeta(body) {
  const size = body.readUInt32BE(0);
  const fields = body.toString("utf8", META_BYTES, META_BYTES + size).split("\0");
  const [requestId, deadline, arn, traceId] = fields;
  return { requestId, deadline: Number(deadline), arn, traceId, clientContext: fields.slice(4).join("\0") };
}

function begin(body) {
  const meta = readMeta(body);
  log.setRequestId(meta.requestId);
  if (meta.traceId) env._X_AMZN_TRACE_ID = meta.traceId;
  else delete env._X_AMZN_TRACE_ID;
  const invocation = (current = new Invocation(meta));
  channel.awaitEvent(false);
  whenEmpty = () => invocation.succeed(null);
  return [invocation, body.toString("utf8", META_BYTES + body.readUInt32BE(0))];
}

function isPromise(value) {
  return Boolean(value) && typeof value.then === "function";
}

function handle(handler, body) {
  const [invocation, payload] = begin(body);
  try {
    const callback = (thrown, result) => invocation.callback(thrown, result);
    const result = handler(JSON.parse(payload), invocation.context(), callback);
    if (isPromise(result)) {
      result.then(
        (value) => invocation.done(null, value),
        (thrown) => invocation.done(thrown ?? "handled"),
      );
    }
  } catch (thrown) {
    invocation.callback(thrown ?? "handled");
  }
}

async function handleStreaming(handler, body) {
  const [invocation, payload] = begin(body);
  const highWaterMark = handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")];
  const stream = new streaming.ResponseStream(highWaterMark === undefined ? {} : { highWaterMark });
  stream._invocationOver = () => invocation.over;
  try {
    const context = invocation.context();
    for (const name of ["succeed", "fail", "done"]) delete context[name];
    const ended = new Promise((resolve, reject) => {
      stream.once("finish", resolve);
      stream.once("error", reject);
    });
    ended.catch(() => {});
    // An event loop without anything to do ends the invocation with what has been written so far.
    whenEmpty = () => conclude(invocation, stream);
    const result = handler(JSON.parse(payload), stream, context);
    if (!isPromise(result)) return invocation.fail("Streaming does not support non-async handlers.");
    const value = await result;
    if (value !== undefined) console.warn("Streaming handlers ignore return values.");
    await ended;
    conclude(invocation, stream);
  } catch (thrown) {
    invocation.fail(thrown);
  }
}

function conclude(invocation, stream) {
  if (invocation.over) return;
  stream.begin();
  invocation.finish();
  channel.answer("");
}

/** An error that nobody caught ends the process, once it has been reported. */
function uncaught(what, error, exitCode) {
  log.failed(what, error);
  const document = JSON.stringify(errors.document(error));
  if (initialised) {
    if (current !== undefined) channel.lastError(document);
  } else {
    channel.initError(document);
  }
  process.exit(exitCode);
}

let initialised = false;

process.on("uncaughtException", (error) => uncaught("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason, promise) => {
  const error = new errors.Fault("UnhandledPromiseRejection", String(reason));
  error.reason = reason;
  error.promise = promise;
  uncaught("Unhandled Promise Rejection", error, 128);
});
process.on("beforeExit", () => whenEmpty?.());

async function main() {
  const taskRoot = env.LAMBDA_TASK_ROOT;
  log.install();
  streaming.install();
  let handler;
  let streams;
  try {
    handler = await loading.handlerNamed(taskRoot, env._HANDLER);
    streams = loading.isStreaming(handler);
    const version = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV ?? "")?.[1] ?? 0);
    if (version >= 24 && handler.length >= 3 && !streams) {
      throw new errors.Fault("CallbackHandlerDeprecated", CALLBACK_REMOVED);
    }
  } catch (thrown) {
    return uncaught("Uncaught Exception", thrown, 129);
  }
  initialised = true;
  channel.listen((body) => (streams ? handleStreaming(handler, body) : handle(handler, body)));
  channel.ready();
}

main();
