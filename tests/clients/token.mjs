// Says what a server that wants tokens makes of several ways to show one, a line for each.
//
// node token.mjs URL TOKEN
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const query = "{ __typename }";
const mutation = "mutation { createRelease(input: {}) { ok } }";

function talk(payload, headers = {}, operation = query) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, ["graphql-transport-ws"], { headers });
    const heard = [];
    const end = (result) => {
      resolve([...heard, result].join(" "));
      socket.terminate();
    };
    socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload })));
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type === "next") return end("next");
      if (message.type === "error") return end(message.payload[0].extensions.code);
      heard.push(message.type);
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: operation } }));
    });
    socket.on("error", (error) => heard.push(`error ${error.message}`));
    socket.on("close", (code, reason) => end(`${code} ${reason}`));
  });
}

const cases = {
  nothing: talk(),
  wrong: talk({ token: "orlo_wrong" }),
  payload: talk({ Authorization: `Bearer ${token}` }),
  token: talk({ token }),
  header: talk(undefined, { Authorization: `Bearer ${token}` }),
  mutation: talk({ token }, {}, mutation),
};
for (const [name, result] of Object.entries(cases)) console.log(`${name}: ${await result}`);
