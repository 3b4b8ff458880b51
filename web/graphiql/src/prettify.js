// GraphiQL's own formatter leaves out Prettier's options for GraphQL and so the blanks inside braces.
export async function prettify(query) {
  const [prettier, graphql] = await Promise.all([import('prettier/standalone'), import('prettier/plugins/graphql')]);
  return prettier.format(query, { parser: 'graphql', plugins: [graphql] });
}
