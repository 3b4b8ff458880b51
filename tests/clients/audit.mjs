// Runs every audit of graphql-http against a server, and fails when one does not pass.
//
// node audit.mjs URL
import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);
const results = await auditServer({ url });
const failures = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of failures) {
  console.error(`${status} ${id} ${name}: ${reason}`);
}
console.log(`${results.length - failures.length} of ${results.length} audits pass`);
process.exitCode = failures.length === 0 && results.length > 0 ? 0 : 1;
