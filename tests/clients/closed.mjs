// Subscribes over a socket, says so, and says how the socket was closed.
//
// node closed.mjs URL
import WebSocket from "ws";

const [url] = process.argv.slice(2);
const socket = new WebSocket(url, ["graphql-transport-ws"]);
socket.on("open", () => socket.send('{"type":"connection_init"}'));
socket.on("message", (text) => {
  if (JSON.parse(text).type !== "connection_ack") return;
  const payload = { query: "subscription { releaseChanged { cursor } }" };
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
  console.log("ready");
});
socket.on("close", (code, reason) => console.log(`closed ${code} ${reason}`));
