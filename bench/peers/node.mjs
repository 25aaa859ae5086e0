// What node's `http` leads to when it is written with care: one subscription per process and call, and a frame that
// is made once and written to every reader.   node node.mjs PORT REDIS_SOCKET CALLS

import http from "node:http";
import net from "node:net";

const [port, socket, calls] = process.argv.slice(2);
const readers = new Map(); // channel → responses
const redis = net.connect(socket);
const CRLF = Buffer.from("\r\n");
let number = 0;
let rest = Buffer.alloc(0);

redis.on("data", (data) => {
  rest = rest.length ? Buffer.concat([rest, data]) : data;
  for (let at = 0; ; ) {
    const [reply, next] = parse(rest, at);
    if (next < 0) {
      rest = rest.subarray(at);
      return;
    }
    at = next;
    if (Array.isArray(reply) && String(reply[0]) === "message") tell(String(reply[1]), reply[2]);
  }
});

// One reply of Redis' protocol from `at` on, and where the next begins; -1: there is more to come.
function parse(bytes, at) {
  const end = bytes.indexOf(CRLF, at);
  if (end < 0) return [null, -1];
  const size = Number(bytes.toString("latin1", at + 1, end));
  if (bytes[at] === 36) return end + 4 + size > bytes.length ? [null, -1] : [bytes.subarray(end + 2, end + 2 + size), end + 4 + size];
  if (bytes[at] !== 42) return [size, end + 2];
  const parts = [];
  let next = end + 2;
  for (let i = 0; i < size; i++) {
    const [part, after] = parse(bytes, next);
    if (after < 0) return [null, -1];
    parts.push(part);
    next = after;
  }
  return [parts, next];
}

function tell(channel, data) {
  const frame = Buffer.concat([Buffer.from(`id: ${++number}\ndata: `), data, Buffer.from("\n\n")]);
  for (const response of readers.get(channel) ?? []) response.write(frame);
}

http
  .createServer((request, response) => {
    const [, run, call] = request.url.split("/");
    const wanted = call === "all" ? [...Array(Number(calls)).keys()] : [call];
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" });
    response.write(": here\n\n");
    for (const each of wanted) {
      const channel = `bench:${run}:${each}`;
      if (!readers.has(channel)) {
        readers.set(channel, new Set());
        redis.write(`SUBSCRIBE ${channel}\r\n`);
      }
      const those = readers.get(channel).add(response);
      response.on("close", () => {
        those.delete(response);
        if (!those.size && readers.delete(channel)) redis.write(`UNSUBSCRIBE ${channel}\r\n`);
      });
    }
  })
  .listen({ port: Number(port), host: "127.0.0.1", backlog: 4096 });
