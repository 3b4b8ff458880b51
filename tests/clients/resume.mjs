// Follows releases as docs/live.md says, from behind a cursor, and prints the cursor of each change. When it is cut off, it goes
// on with the last one.
//
// node resume.mjs ws|sse URL AFTER COUNT
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";
import WebSocket from "ws";

const [kind, url, first, count] = process.argv.slice(2);
const options = { url, retryAttempts: 0 };
const client = kind === "ws" ? ws.createClient({ ...options, webSocketImpl: WebSocket }) : sse.createClient(options);
const query = "subscription ($after: String) { releaseChanged(after: $after) { cursor } }";
let after = first;
let seen = 0;
while (seen < Number(count)) {
  try {
    for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
      if (errors) throw new Error(errors[0].message);
      after = data.releaseChanged.cursor;
      console.log(after);
      if (++seen === Number(count)) break;
    }
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
await client.dispose();
