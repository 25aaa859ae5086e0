// Talks to /api/chat as pages do: npm `ai`'s own transport and reader. Prints a line of JSON for every scene:
// [its name, what came of it].
//
//   node chat.js ai5|ai6|ai7 ADDRESS TOKEN AGENT
const [, , sdk, address, token, agentId] = process.argv;
const { DefaultChatTransport, readUIMessageStream } = await import(sdk);

const headers = { Authorization: `Bearer ${token}` };
const transport = new DefaultChatTransport({ api: `${address}/api/chat`, headers, body: { agentId } });
const tell = (scene, found) => console.log(JSON.stringify([scene, found]));
const user = (id, text) => ({ id, role: "user", parts: [{ type: "text", text }] });

function send(chatId, messages, { trigger = "submit-message", messageId, abortSignal } = {}) {
  return transport.sendMessages({ chatId, messages, trigger, messageId, abortSignal });
}

// The message as it is in the end. `during` is given it as it grows.
async function read(stream, during = () => {}) {
  let message, error;
  try {
    const onError = (problem) => (error = problem.message);
    for await (message of readUIMessageStream({ stream, onError, terminateOnError: true })) await during(message);
  } catch (problem) {
    error = problem.message;
  }
  return { message, error };
}

const words = (message) => message.parts.filter((part) => part.type === "text").map((part) => part.text).join("");

async function plain() {
  const said = [user("u1", "Hello?")];
  const { message, error } = await read(await send("plain", said));
  tell("plain", { message, error });
  const anew = await read(await send("plain", said, { trigger: "regenerate-message", messageId: message.id }));
  tell("regenerate", anew);
}

async function tool() {
  tell("tool", await read(await send("tool", [user("u1", "How much is it?")])));
}

async function failing() {
  tell("error", await read(await send("failing", [user("u1", "Hello?")])));
}

async function resuming() {
  const leaving = new AbortController();
  await read(await send("resume", [user("u1", "Hello?")], { abortSignal: leaving.signal }), (message) => {
    if (words(message)) leaving.abort();
  });
  const stream = await transport.reconnectToStream({ chatId: "resume" });
  tell("resuming", stream !== null); // the rest of the answer waits for this
  tell("resume", await read(stream));
  tell("nothing to resume", await transport.reconnectToStream({ chatId: "resume" }));
}

async function stopping() {
  let began;
  const found = await read(await send("stop", [user("u1", "Hello?")]), async (message) => {
    if (!words(message) || began) return;
    began = performance.now();
    await fetch(`${address}/api/chat/stop/stop`, { method: "POST", headers });
  });
  tell("stop", { ...found, ms: Math.round(performance.now() - began) });
}

async function together() {
  const streams = await Promise.all([1, 2].map(() => send("together", [user("u1", "Hello?")])));
  tell("together", await Promise.all(streams.map((stream) => read(stream))));
}

for (const scene of [plain, tool, failing, resuming, stopping, together]) await scene();
