// Talks to /api/chat as pages do: npm `ai`'s own transport and reader. Every scene ends with `tell(its name, what came
// of it)`.
//
// sdk: the module `ai`; tell: (scene, found) => anything that can be awaited.
export async function play(sdk, { address, token, agentId }, tell) {
  const { DefaultChatTransport, readUIMessageStream } = sdk;
  const headers = { Authorization: `Bearer ${token}` };
  const transport = new DefaultChatTransport({ api: `${address}/api/chat`, headers, body: { agentId } });
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
    await tell("plain", { message, error });
    const anew = await read(await send("plain", said, { trigger: "regenerate-message", messageId: message.id }));
    await tell("regenerate", anew);
  }

  async function tool() {
    await tell("tool", await read(await send("tool", [user("u1", "How much is it?")])));
  }

  async function failing() {
    await tell("error", await read(await send("failing", [user("u1", "Hello?")])));
  }

  async function resuming() {
    const leaving = new AbortController();
    await read(await send("resume", [user("u1", "Hello?")], { abortSignal: leaving.signal }), (message) => {
      if (words(message)) leaving.abort();
    });
    const stream = await transport.reconnectToStream({ chatId: "resume" });
    await tell("resuming", stream !== null); // the rest of the answer waits for this
    await tell("resume", await read(stream));
    await tell("nothing to resume", await transport.reconnectToStream({ chatId: "resume" }));
  }

  async function stopping() {
    let began;
    const found = await read(await send("stop", [user("u1", "Hello?")]), async (message) => {
      if (!words(message) || began) return;
      began = performance.now();
      await fetch(`${address}/api/chat/stop/stop`, { method: "POST", headers });
    });
    await tell("stop", { ...found, ms: Math.round(performance.now() - began) });
  }

  async function together() {
    const streams = await Promise.all([1, 2].map(() => send("together", [user("u1", "Hello?")])));
    await tell("together", await Promise.all(streams.map((stream) => read(stream))));
  }

  for (const scene of [plain, tool, failing, resuming, stopping, together]) await scene();
}
