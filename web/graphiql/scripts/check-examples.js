// Holds the example tabs against the schema and the Prettify button: `npm test [-- path/to/schema.graphql]`.
import { readFileSync } from 'node:fs';
import { buildSchema, getVariableValues, parse, validate } from 'graphql';
import { format } from 'prettier';
import { examples } from '../src/examples.js';

const path = process.argv[2] ?? new URL('../../../schema.graphql', import.meta.url);
const schema = buildSchema(readFileSync(path, 'utf8'));
const problems = [];

for (const { query, variables } of examples) {
  const document = parse(query);
  const title = query.split('\n', 1)[0];
  const report = errors => problems.push(...errors.map(error => `${title}\n  ${error.message}`));

  report(validate(schema, document));
  if (query !== (await format(query, { parser: 'graphql' }))) problems.push(`${title}\n  Prettify would change it.`);
  for (const definition of document.definitions) {
    if (definition.kind !== 'OperationDefinition') continue;
    if (!definition.name) problems.push(`${title}\n  An operation has no name.`);
    report(getVariableValues(schema, definition.variableDefinitions, JSON.parse(variables ?? '{}')).errors ?? []);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${examples.length} example tabs fit the schema.`);
