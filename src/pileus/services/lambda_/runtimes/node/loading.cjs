"use strict";
// Which function does a handler's name mean?
//
// `directory/module.export`: as AWS's runtime looks for it, a file without suffix, then .js (an ES module where the
// nearest package.json says so), .mjs, .cjs, and at last a package. Source: Lambda Developer Guide, "Define Lambda
// function handler in Node.js"; ES modules also find NODE_PATH ("Node.js 18.x runtime now available in AWS Lambda").

const { existsSync, readFileSync } = require("fs");
const { createRequire } = require("module");
const path = require("path");
const { pathToFileURL } = require("url");
const { Fault } = require("./errors.cjs");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");

/** Messages name whoever required the missing module; on AWS that is this file. */
const requireAs = createRequire("/var/runtime/index.mjs");

function isModulePackage(directory) {
  while (!directory.endsWith("/node_modules")) {
    const described = path.join(directory, "package.json");
    if (existsSync(described)) {
      try {
        return JSON.parse(readFileSync(described)).type === "module";
      } catch (unreadable) {
        console.warn(`${described} cannot be read, it will be ignored for ES module detection purposes.`, unreadable);
        return false;
      }
    }
    if (directory === "/") return false;
    directory = path.dirname(directory);
  }
  return false;
}

function importModule(file) {
  findNodePathToo();
  return import(pathToFileURL(file).href);
}

/** ES modules do not look into NODE_PATH by themselves. Costs a thread on older Nodes, so only where it holds modules. */
function findNodePathToo() {
  const places = (process.env.NODE_PATH ?? "").split(":").filter((place) => place !== "/var/task" && existsSync(place));
  const modules = require("module");
  const filled = places.filter((place) => place.endsWith("node_modules") && require("fs").readdirSync(place).length);
  if (!filled.length || !modules.register) return;
  modules.register(pathToFileURL(path.join(__dirname, "node_path.mjs")), { data: { places: filled } });
}

async function load(taskRoot, directory, name) {
  const file = path.resolve(taskRoot, directory, name);
  if (existsSync(file)) {
    const found = requireFile(file);
    if (found) return found;
  }
  if (existsSync(file + ".js")) {
    return isModulePackage(path.dirname(file)) ? importModule(file + ".js") : requireFile(file + ".js");
  }
  if (existsSync(file + ".mjs")) return importModule(file + ".mjs");
  if (existsSync(file + ".cjs")) return requireFile(file + ".cjs");
  return require(requireAs.resolve(name, { paths: [taskRoot, path.join(taskRoot, directory)] }));
}

function requireFile(file) {
  try {
    return require(file);
  } catch (failure) {
    if (failure?.code === "EISDIR") return undefined;
    throw failure;
  }
}

async function loadApplication(taskRoot, directory, name) {
  try {
    return await load(taskRoot, directory, name);
  } catch (failure) {
    if (failure instanceof SyntaxError) throw new Fault("UserCodeSyntaxError", String(failure));
    if (failure?.code === "MODULE_NOT_FOUND" || failure?.code === "ERR_MODULE_NOT_FOUND") {
      throw new Fault("ImportModuleError", String(failure));
    }
    throw failure;
  }
}

/** The handler, or a Fault. */
async function handlerNamed(taskRoot, full) {
  if (full.includes("..")) {
    throw new Fault(
      "MalformedHandlerName",
      `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const last = path.basename(full);
  const dot = last.indexOf(".");
  if (dot === -1) throw new Fault("MalformedHandlerName", "Bad handler");
  const directory = full.slice(0, full.length - last.length);
  const application = await loadApplication(taskRoot, directory, last.slice(0, dot));
  let handler = application;
  for (const key of last.slice(dot + 1).split(".")) handler = handler && handler[key];
  if (!handler) throw new Fault("HandlerNotFound", `${full} is undefined or not exported`);
  if (typeof handler !== "function") throw new Fault("HandlerNotFound", `${full} is not a function`);
  return handler;
}

/** Whether a handler was wrapped in `awslambda.streamifyResponse`. */
function isStreaming(handler) {
  const mode = handler[STREAMING];
  if (mode === undefined || mode === null || mode === false) return false;
  if (mode !== "response") throw new Fault("MalformedStreamingHandler", "Only response streaming is supported.");
  return true;
}

module.exports = { STREAMING, handlerNamed, isStreaming };
