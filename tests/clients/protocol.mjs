// Says what a server makes of right and wrong uses of graphql-transport-ws, a line for each.
//
// node protocol.mjs URL
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const subscription = { query: "subscription { releaseChanged { cursor } }" };
const init = { type: "connection_init" };

// Opens a socket, sends the messages (objects as JSON, others as they are) one after the other once it is open and, after
// an init, acknowledged; `onOpen` may do more. Gives what came back: messages, and the code that it was closed with.
function talk(messages, { protocol = "graphql-transport-ws", until = () => false, onOpen, ...options } = {}) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol ? [protocol] : [], options);
    const heard = [];
    const rest = [...messages];
    const sendOn = () => {
      while (rest.length) {
        const message = rest.shift();
        const isPlain = typeof message === "string" || Buffer.isBuffer(message);
        socket.send(isPlain ? message : JSON.stringify(message));
        if (message.type === "connection_init") break;
      }
    };
    const end = (result) => {
      resolve([...heard, result].filter(Boolean).join(" "));
      socket.terminate();
    };
    socket.on("open", sendOn);
    socket.on("message", (text) => {
      const { type, id, payload } = JSON.parse(text);
      const value = type === "error" ? payload[0].extensions.code : payload?.data ?? payload;
      heard.push([type, id, value && JSON.stringify(value)].filter(Boolean).join(":"));
      if (until(type, socket)) return end();
      sendOn();
    });
    socket.on("unexpected-response", (_, response) => end(`status ${response.statusCode}`));
    socket.on("error", (error) => heard.push(`error ${error.message}`));
    socket.on("pong", () => heard.push("PONG"));
    socket.on("close", (code, reason) => end(`${code} ${reason}`.trim()));
    if (onOpen) socket.on("open", () => onOpen(socket));
  });
}

const subscribe = (id, payload = subscription) => ({ id, type: "subscribe", payload });
const cases = {
  "no subprotocol": talk([], { protocol: null }),
  "another subprotocol": talk([], { protocol: "graphql-ws" }),
  "no init": talk([]),
  "no JSON": talk(["{"]),
  "no object": talk(["[]"]),
  "no type": talk([{}]),
  "unknown type": talk([{ type: "start" }]),
  "binary": talk([Buffer.from(JSON.stringify(init))]),
  "init with a text": talk([{ type: "connection_init", payload: "x" }]),
  "a text with a ping": talk([{ type: "ping", payload: "x" }]),
  "a list with a pong": talk([{ type: "pong", payload: [] }]),
  "what servers say": talk([{ type: "connection_ack" }]),
  "two inits": talk([init, init]),
  "two inits at once": talk([JSON.stringify(init), JSON.stringify(init)], { until: () => false }),
  "subscribe before init": talk([subscribe("1")]),
  "subscribe without id": talk([init, subscribe("")]),
  "subscribe with a number as id": talk([init, subscribe(1)]),
  "subscribe with variables that are none": talk([init, subscribe("1", { query: "{ __typename }", variables: 1 })]),
  "subscribe without payload": talk([init, { id: "1", type: "subscribe" }]),
  "subscribe without query": talk([init, subscribe("1", {})]),
  "complete without id": talk([init, { type: "complete" }]),
  "the same id twice": talk([init, subscribe("1"), subscribe("1")]),
  // The server reads no further, so a client that is still sending may be cut off before it reads the code 1009.
  "too large": talk([init, subscribe("1", { query: "#".repeat(3 << 20) })]).then((result) =>
    result.replace(/ (error .*)?(1009 The message is too large|1006)$/, " closed"),
  ),
  "an id again after complete": talk([
    init, subscribe("1"), { id: "1", type: "complete" }, subscribe("1", { query: "{ __typename }" }),
  ], { until: (type) => type === "complete" }),
  "an id again after an error": talk([init, subscribe("1", { query: "{" })], {
    until: (type, socket) => {
      if (type === "error") socket.send(JSON.stringify(subscribe("1", { query: "{ __typename }" })));
      return type === "complete";
    },
  }),
  "nothing after complete": talk([init, subscribe("1"), { id: "1", type: "complete" }, { type: "ping" }], {
    until: (type) => type === "pong",
  }),
  "complete of nothing": talk([init, { id: "x", type: "complete" }, { type: "ping" }], { until: (type) => type === "pong" }),
  "ping before init": talk([{ type: "ping", payload: { a: 1 } }], { until: (type) => type === "pong" }),
  "pong before init": talk([{ type: "pong" }, { type: "ping" }], { until: (type) => type === "pong" }),
  "pong": talk([init, { type: "pong" }, { type: "ping" }], { until: (type) => type === "pong" }),
  "the server pings": talk([init], { until: (type) => type === "ping" }),
  "who is silent": talk([init]),
  "frames of the lower protocol": talk([init], { onOpen: (socket) => socket.ping(), until: (type) => type === "ping" }),
  "a client that ends": talk([], { onOpen: (socket) => socket.close(1000) }),
  "a client that ends later": talk([init, subscribe("1", { query: "{ __typename }" })], {
    until: (type, socket) => type === "complete" && socket.close(1000),
  }),
  "nulls": talk([init, subscribe("n", { query: "{ __typename }", operationName: null, variables: null, extensions: null })], {
    until: (type) => type === "complete",
  }),
  "query": talk([init, subscribe("q", { query: "query A { a: __typename } query B { b: __typename }", operationName: "B" })], {
    until: (type) => type === "complete",
  }),
  "mutation": talk([init, subscribe("m", { query: "mutation ($u: String) { createRelease(input: { user: $u }) { ok } }", variables: { u: "ann" } })], {
    until: (type) => type === "complete",
  }),
  "does not validate": talk([init, subscribe("v", { query: "subscription { nothing }" })], { until: (type) => type === "error" }),
  "does not parse": talk([init, subscribe("p", { query: "{" })], { until: (type) => type === "error" }),
  "a cursor that is none": talk([init, subscribe("c", { query: 'subscription { releaseChanged(after: "x") { cursor } }' })], {
    until: (type) => type === "error",
  }),
  "a page of this host": talk([init], { origin: url.replace("ws", "http"), until: (type) => type === "connection_ack" }),
  "a page from elsewhere": talk([init], { origin: "https://elsewhere.example" }),
};
for (const [name, result] of Object.entries(cases)) {
  console.log(`${name}: ${await result}`);
}
