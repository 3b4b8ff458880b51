import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';

const url = new URL('/graphql', window.location.origin);
const socketUrl = new URL('/graphql/ws', window.location.origin);
socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

// A client for one operation. It opens its socket when a subscription is run and not before, sends what is in the
// headers pane (a browser cannot set headers on a socket), and reconnects only when it has been connected once.
function socketClient(headers) {
  let connected = false;
  const client = createClient({
    url: socketUrl.href,
    connectionParams: headers,
    on: { connected: () => (connected = true) },
    shouldRetry: () => connected,
  });
  return {
    subscribe: (payload, sink) => client.subscribe(payload, { ...sink, error: error => sink.error(readable(error)) }),
  };
}

// A socket that fails says nothing about why; the toolkit explains only those that were closed.
function readable(error) {
  const silent = error instanceof Event && !(error instanceof CloseEvent);
  return silent ? { message: `No connection to ${socketUrl.href}` } : error;
}

export function fetcher(params, options) {
  return createGraphiQLFetcher({
    url: url.href,
    wsClient: socketClient(options?.headers),
    enableIncrementalDelivery: false,
  })(params, options);
}
