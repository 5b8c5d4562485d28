"use strict";
// What do streaming handlers write to?
//
// `awslambda.streamifyResponse(async (event, responseStream, context) => ...)` and `awslambda.HttpResponseStream.from`.
// Source: Lambda Developer Guide, "Response streaming for Lambda functions".

const { Writable } = require("stream");
const channel = require("./channel.cjs");
const { Fault } = require("./errors.cjs");
const { STREAMING } = require("./loading.cjs");

const PRELUDE_CONTENT_TYPE = "application/vnd.awslambda.http-integration-response";
const PRELUDE_END = new Uint8Array(8);
const CHUNK_BYTES_MAX = 1024 * 1024;

class ResponseStream extends Writable {
  #contentType = "application/octet-stream";
  #begun = false;

  constructor(options) {
    super({ ...options, decodeStrings: true });
    this._onBeforeFirstWrite = undefined;
  }

  setContentType(contentType) {
    if (this.#begun) throw new Fault("InvalidStreamingOperation", "Cannot set content-type, too late.");
    this.#contentType = String(contentType);
  }

  write(data, encoding, written) {
    // AWS's stream takes objects, too.
    if (typeof data !== "string" && !(data instanceof Uint8Array)) data = JSON.stringify(data);
    return super.write(data, encoding, written);
  }

  end(data, encoding, ended) {
    if (typeof data === "function") return super.end(data);
    if (data !== undefined && data !== null) this.write(data, typeof encoding === "string" ? encoding : undefined);
    return super.end(typeof encoding === "function" ? encoding : ended);
  }

  /** The response begins, with the prelude if there is one. */
  begin() {
    if (this.#begun) return;
    this.#begun = true;
    channel.beginStream(this.#contentType);
    if (typeof this._onBeforeFirstWrite === "function") this._onBeforeFirstWrite((data) => this.#pass(data));
  }

  #pass(data) {
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES_MAX) {
      channel.chunk(bytes.subarray(start, start + CHUNK_BYTES_MAX));
    }
  }

  _write(data, _encoding, written) {
    if (this._invocationOver?.()) return written();
    this.begin();
    this.#pass(data);
    // Between two chunks the event loop turns, so that what they wait for goes on.
    setImmediate(written);
  }

  _final(ended) {
    if (!this._invocationOver?.()) this.begin();
    ended();
  }
}

class HttpResponseStream {
  /** Status code, headers and cookies before the body. */
  static from(stream, prelude) {
    stream.setContentType(PRELUDE_CONTENT_TYPE);
    stream._onBeforeFirstWrite = (write) => {
      write(JSON.stringify(prelude));
      write(PRELUDE_END);
    };
    return stream;
  }
}

/** Define the global `awslambda`. */
function install() {
  if (["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") {
        handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = Math.trunc(options.highWaterMark);
      }
      return handler;
    },
    HttpResponseStream,
  };
}

module.exports = { ResponseStream, install };
