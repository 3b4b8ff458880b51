import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licences } from './scripts/licences.js';

const { collect, write } = licences('LICENSES.txt');
const json = fileURLToPath(new URL('src/json-for-prettier.js', import.meta.url));

export default defineConfig({
  base: '/graphiql/',
  resolve: {
    alias: {
      'prettier/plugins/estree': json,
      'prettier/parser-babel': json,
      // The old name is a second copy of the same code.
      'prettier/parser-graphql': 'prettier/plugins/graphql',
    },
  },
  // The toolkit asks how to load graphql-ws; this page hands it a client instead.
  define: { 'process.env.USE_IMPORT': '"true"' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      // "use client" at the head of a module means nothing to a page that is rendered in the browser only.
      onwarn(warning, warn) {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  worker: { format: 'es', plugins: () => [collect()] },
  plugins: [collect(), write()],
});
