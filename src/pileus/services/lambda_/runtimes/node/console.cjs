"use strict";
// How does what a function logs reach its log?
//
// `console` writes one event for each call, however many lines that has, in the formats of AWS's runtime; standard
// output and error are text, cut at newlines. Format and level: AWS_LAMBDA_LOG_FORMAT, AWS_LAMBDA_LOG_LEVEL.
// Source: Lambda Developer Guide, "Log and monitor Node.js Lambda functions".

const { format } = require("util");
const channel = require("./channel.cjs");
const errors = require("./errors.cjs");

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const METHODS = { trace: 0, debug: 1, info: 2, log: 2, warn: 3, error: 4 };

let requestId;
let json = false;

function textEvent(level, params) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...params)}\n`;
}

function typeOf(error) {
  return error.constructor?.name ?? "UnknownError";
}

function linesOf(error) {
  return typeof error.stack === "string" ? error.stack.split("\n") : error.stack;
}

function describedError(_key, value) {
  if (!(value instanceof Error)) return value;
  return { errorType: typeOf(value), errorMessage: value.message, stackTrace: linesOf(value), ...value };
}

function jsonEvent(level, params) {
  const event = { timestamp: new Date().toISOString(), level, requestId };
  if (params.length === 1) {
    event.message = params[0];
    try {
      return JSON.stringify(event, describedError) + "\n";
    } catch {
      event.message = format(params[0]);
      return JSON.stringify(event) + "\n";
    }
  }
  event.message = format(...params);
  const error = params.find((param) => param instanceof Error);
  if (error !== undefined) {
    event.errorType = typeOf(error);
    event.errorMessage = error.message;
    event.stackTrace = linesOf(error) ?? [];
  }
  return JSON.stringify(event) + "\n";
}

function log(level, params) {
  channel.line(json ? jsonEvent(level, params) : textEvent(level, params));
}

function redirected(name) {
  const open = Object.getOwnPropertyDescriptor(process, name);
  Object.defineProperty(process, name, {
    ...open,
    get() {
      // Made when first asked for, as Node does; most functions never ask.
      const stream = open.get.call(process);
      stream._write = (data, encoding, written) => {
        channel.text(typeof data === "string" ? Buffer.from(data, encoding) : data);
        written();
      };
      stream._writev = null;
      Object.defineProperty(process, name, { ...open, get: () => stream });
      return stream;
    },
  });
}

/** Make `console`, `process.stdout` and `process.stderr` write to the channel. */
function install() {
  json = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";
  const lowest = Math.max(0, LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? "").toUpperCase()));
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = level < lowest ? () => {} : (...params) => log(LEVELS[level], params);
  }
  console.fatal = (...params) => log("FATAL", params);
  redirected("stdout");
  redirected("stderr");
}

/** One line about what went wrong, whatever the level. */
function failed(what, thrown) {
  if (json) console.error(thrown instanceof Error ? thrown : new Error(thrown));
  else console.error(what, errors.logged(thrown));
}

module.exports = {
  install,
  failed,
  setRequestId(id) {
    requestId = id;
  },
};
