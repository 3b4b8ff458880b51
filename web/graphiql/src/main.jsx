import './workers.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';
import { fetcher } from './fetcher.js';
import { prettify } from './prettify.js';

// Headers hold tokens, so they are kept in the browser only for someone who has chosen that in the settings.
const persistHeaders = localStorage.getItem('graphiql:shouldPersistHeaders') === 'true' || undefined;

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={examples}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation
    onPrettifyQuery={prettify}
    shouldPersistHeaders={persistHeaders}
  >
    <GraphiQL.Logo>Orlo</GraphiQL.Logo>
  </GraphiQL>,
);
