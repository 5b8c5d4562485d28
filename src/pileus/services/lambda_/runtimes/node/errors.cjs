"use strict";
// How does a JavaScript error look to whoever invoked the function, and in its log?
//
// Sources: Lambda Developer Guide, "Using the Lambda context object"/"Log and monitor Node.js functions"; recorded
// answers of AWS (`test_uncaught_exception_invoke[nodejs20.x]`): `errorType`, `errorMessage`, `trace` with a line each.

const { isNativeError } = require("util").types;

/** A failure that the runtime names itself: `Runtime.ImportModuleError` and others. */
class Fault extends Error {
  constructor(kind, message) {
    super(message);
    this.name = `Runtime.${kind}`;
    // The stack was taken under the former name.
    Object.defineProperty(this, "stack", { value: this.stack.replace(/^Error/, this.name), writable: true });
  }
}

function looksLikeError(thrown) {
  return Boolean(thrown) && ["name", "message", "stack"].every((name) => typeof thrown[name] === "string");
}

/** What the invoker gets. */
function document(thrown) {
  try {
    if (isNativeError(thrown) || looksLikeError(thrown)) {
      return { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack.split("\n") };
    }
    return { errorType: typeof thrown, errorMessage: thrown.toString(), trace: [] };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, " +
        "name, and stack",
    };
  }
}

function described(_key, value) {
  if (!(value instanceof Error)) return value;
  const told = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
  if (typeof value.stack === "string") told.stack = value.stack.split("\n");
  return told;
}

/** The same as the function's log tells it. */
function logged(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(thrown);
  try {
    return "\t" + JSON.stringify(error, described);
  } catch {
    return "\t" + JSON.stringify(document(error));
  }
}

module.exports = { Fault, document, logged };
