// Follows releases with graphql-sse, from behind a cursor, and prints a line for each change.
//
// node follow-sse.mjs URL AFTER COUNT
import { createClient } from "graphql-sse";

const [url, after, count] = process.argv.slice(2);
const client = createClient({ url, retryAttempts: 0 });
const query = `subscription ($after: String) {
  releaseChanged(after: $after) { cursor event { type } release { user } }
}`;
let seen = 0;
for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
  if (errors) throw new Error(JSON.stringify(errors));
  console.log(data.releaseChanged.event.type, data.releaseChanged.release.user);
  if (++seen === Number(count)) break;
}
client.dispose();
