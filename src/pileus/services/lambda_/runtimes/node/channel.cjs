"use strict";
// How do frames travel between Pileus and this process?
//
// As kernel/sandbox/wire.py and runtimes/frames.py say: four bytes of length, one of kind, the body. Writing blocks, as
// a function's output does on AWS: what was logged before a crash has arrived, and a flood of lines fills no memory.

const { writeSync } = require("fs");
const { Socket } = require("net");

const DESCRIPTOR = 3;
const HEADER_BYTES = 5;
const PIECE_BYTES_MAX = 16 * 1024;
const RESPONSE_BYTES_MAX = 6291556;
const RESPONSE_TOO_LARGE = JSON.stringify({
  errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_BYTES_MAX} bytes).`,
  errorType: "Function.ResponseSizeTooLarge",
});

const READY = 0x59;
const INIT_ERROR = 0x4e;
const ANSWER = 0x52;
const ERROR = 0x45;
const LAST = 0x46;
const LINE = 0x4c;
const TEXT = 0x50;
const STREAM = 0x53;
const CHUNK = 0x48;

const EMPTY = Buffer.alloc(0);
const never = new Int32Array(new SharedArrayBuffer(4));
const pause = Atomics.wait;
const leave = process.reallyExit.bind(process);
const usage = process.resourceUsage.bind(process);

let socket;

function writeWhole(data) {
  let start = 0;
  while (start < data.length) {
    try {
      start += writeSync(DESCRIPTOR, data, start);
    } catch (refused) {
      if (refused.code !== "EAGAIN") leave(1); // Pileus has gone
      pause(never, 0, 0, 1);
    }
  }
}

function send(kind, body) {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  frame.writeUInt32BE(body.length + 1, 0);
  frame[4] = kind;
  body.copy(frame, HEADER_BYTES);
  writeWhole(frame);
}

function sendText(kind, text) {
  const size = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + size);
  frame.writeUInt32BE(size + 1, 0);
  frame[4] = kind;
  frame.write(text, HEADER_BYTES, size);
  writeWhole(frame);
}

/** The end of an invocation: kind, most memory held so far in KiB, payload. */
function conclude(kind, text) {
  const size = Buffer.byteLength(text);
  if (size > RESPONSE_BYTES_MAX) {
    conclude(kind === ANSWER ? ERROR : kind, RESPONSE_TOO_LARGE);
    return;
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 4 + size);
  frame.writeUInt32BE(size + 5, 0);
  frame[4] = kind;
  frame.writeUInt32BE(usage().maxRSS, HEADER_BYTES);
  frame.write(text, HEADER_BYTES + 4, size);
  writeWhole(frame);
}

/** Pieces of standard output: log events end at newlines. */
function text(data) {
  for (let start = 0; start < data.length; start += PIECE_BYTES_MAX) {
    send(TEXT, data.subarray(start, start + PIECE_BYTES_MAX));
  }
}

/** Hear events; `heard` gets the body of each. */
function listen(heard) {
  let received = EMPTY;
  let parts = [];
  let wanted = 0;
  // Read into one buffer for all: events that come whole, as nearly all do, are never copied.
  const take = (data) => {
    if (wanted > 0) {
      // A long event comes in many pieces: joined once.
      parts.push(data);
      wanted -= data.length;
      if (wanted > 0) return;
      data = Buffer.concat(parts);
      parts = [];
    }
    received = received.length ? Buffer.concat([received, data]) : data;
    while (received.length >= HEADER_BYTES) {
      const end = 4 + received.readUInt32BE(0);
      if (received.length < end) {
        wanted = end - received.length;
        parts = [received];
        received = EMPTY;
        return;
      }
      const body = received.subarray(HEADER_BYTES, end);
      received = received.subarray(end);
      heard(body);
    }
  };
  const onread = { buffer: Buffer.allocUnsafe(64 * 1024) };
  onread.callback = (size, buffer) => {
    const whole = wanted === 0 && received.length === 0 && size >= 4 && 4 + buffer.readUInt32BE(0) === size;
    if (whole) heard(buffer.subarray(HEADER_BYTES, size));
    else take(Buffer.from(buffer.subarray(0, size)));
    return true;
  };
  socket = new Socket({ fd: DESCRIPTOR, readable: true, writable: false, onread });
  socket.on("end", () => leave(0));
  socket.on("error", () => leave(0));
}

/** Stay alive until the next event, or only as long as the function has something to do. */
function awaitEvent(wanted) {
  if (wanted) socket.ref();
  else socket.unref();
}

module.exports = {
  listen,
  awaitEvent,
  text,
  ready: () => send(READY, EMPTY),
  initError: (document) => sendText(INIT_ERROR, document),
  line: (line) => sendText(LINE, line),
  answer: (payload) => conclude(ANSWER, payload),
  error: (document) => conclude(ERROR, document),
  lastError: (document) => conclude(LAST, document),
  beginStream: (contentType) => sendText(STREAM, contentType),
  chunk: (data) => send(CHUNK, data),
};
