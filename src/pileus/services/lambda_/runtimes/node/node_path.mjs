// Where do ES modules look for packages, beyond `node_modules` above them? In the directories of NODE_PATH.

import { pathToFileURL } from "node:url";

let parents = [];

export function initialize({ places }) {
  parents = places.map((place) => pathToFileURL(`${place.replace(/\/node_modules$/, "")}/-`).href);
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (failure) {
    const bare = !/^(\.|\/|#|[a-z]+:)/.test(specifier);
    if (!bare || failure?.code !== "ERR_MODULE_NOT_FOUND") throw failure;
    for (const parentURL of parents) {
      try {
        return await next(specifier, { ...context, parentURL });
      } catch {
        // The next place may have it.
      }
    }
    throw failure;
  }
}
