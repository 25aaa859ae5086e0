// How a chat is spoken with the server: what the AI SDK's DefaultChatTransport does, in a page without one. An answer is
// an async iterator of its parts.

import { partOf } from "chat/parts.js";

const SILENT_MS = 45_000; // the server sends a comment every 15 s at the latest
const ASK_MS = 15_000;

// The server says no, before anything is streamed.
export class Refused extends Error {
  constructor(status, { code = "internal", message = "", trace_id = "" } = {}, retryAfter = null) {
    super(message);
    Object.assign(this, { status, code, retryAfter, traceId: trace_id });
  }
}

// The answer stopped coming, and not because it had ended.
export class Broken extends Error {}

export class Transport {
  #api;
  #headers;

  constructor(api, csrf) {
    this.#api = api;
    this.#headers = { "content-type": "application/json", "x-csrftoken": csrf };
  }

  // body: { id, messages, trigger, messageId?, agentId, tier?, provider? }. Raises Refused.
  async send(body, signal) {
    const response = await this.#fetch("", { method: "POST", headers: this.#headers, body: JSON.stringify(body), signal });
    return partsOf(response, signal);
  }

  // The answer that runs, from its beginning; null if none does. Raises Refused.
  async resume(id, signal) {
    const response = await this.#fetch(`/${encodeURIComponent(id)}/stream`, { signal });
    return response.status === 204 ? null : partsOf(response, signal);
  }

  async stop(id) {
    await this.#fetch(`/${encodeURIComponent(id)}/stop`, { method: "POST", headers: this.#headers, signal: AbortSignal.timeout(ASK_MS) });
  }

  async #fetch(path, options) {
    let response;
    try {
      response = await fetch(this.#api + path, options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Broken("no answer", { cause: error });
    }
    if (!response.ok) throw new Refused(response.status, await errorOf(response), waitOf(response));
    return response;
  }
}

async function errorOf(response) {
  try {
    return (await response.json()).error ?? {};
  } catch {
    return {}; // a proxy's page, which is nothing to show
  }
}

function waitOf(response) {
  const seconds = Number(response.headers.get("retry-after"));
  return seconds > 0 ? seconds : null;
}

// The parts of a response, as they come. Raises Broken where it ends before its [DONE].
async function* partsOf(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const silence = new Silence(() => reader.cancel());
  let unread = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      silence.heard();
      if (done) break;
      const events = (unread + value).replaceAll("\r\n", "\n").split("\n\n");
      unread = events.pop();
      for (const event of events) {
        const line = dataOf(event);
        if (line === "[DONE]") return;
        if (line) yield partOf(line);
      }
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof TypeError)) throw error;
    throw new Broken("cut", { cause: error });
  } finally {
    silence.over();
    reader.cancel().catch(() => {}); // it has failed already, and was told of above
  }
  throw new Broken("no end");
}

const dataOf = (event) =>
  event
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");

class Silence {
  #timer;
  #tell;

  constructor(tell) {
    this.#tell = tell;
    this.heard();
  }

  heard() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#tell, SILENT_MS);
  }

  over() {
    clearTimeout(this.#timer);
  }
}
