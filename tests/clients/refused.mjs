// Asks for too much over a WebSocket, and prints what it is told.
//
// node refused.mjs URL
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const client = createClient({ url: process.argv[2], webSocketImpl: WebSocket });
const pages = "releases(first: 1000) { nodes { events(first: 1000) { nodes { id } } } }";
for (const [name, query] of [
  ["deep", "{a".repeat(30_000)],
  ["costly", `{ ${pages} }`],
]) {
  const code = await new Promise((resolve) => {
    const sink = { next: () => resolve("answered"), error: (errors) => resolve(errors[0].extensions.code), complete: () => {} };
    client.subscribe({ query }, sink);
  });
  console.log(name, code);
}
await client.dispose();
