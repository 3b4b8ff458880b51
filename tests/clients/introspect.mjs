// Asks for the whole schema as GraphiQL and code generators do, and builds a client's schema of it.
// Prints the number of its types and what the request cost.
//
// node introspect.mjs URL
import { buildClientSchema, getIntrospectionQuery } from "graphql";

const [url] = process.argv.slice(2);
const query = getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
});
const response = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query, extensions: { cost: true } }),
});
const { data, errors, extensions } = await response.json();
if (errors) throw new Error(JSON.stringify(errors));
const schema = buildClientSchema(data);
const types = Object.keys(schema.getTypeMap()).length;
console.log(JSON.stringify({ types, cost: extensions.cost }));
