// What the server has kept of a chat: its messages, each text of an answer with the HTML that the server made of it.

const TAKES_MS = 15_000;

export class Kept {
  #url; // with "-" for the chat's id
  older; // cursor of the messages before the ones that are shown, or null

  constructor(url, older) {
    this.#url = url;
    this.older = older;
  }

  // The newest `limit` questions with their answers, oldest first.
  async latest(chat, limit) {
    return (await this.#ask(chat, `limit=${limit}`)).items;
  }

  async before(chat) {
    const { items, next } = await this.#ask(chat, `limit=20&cursor=${encodeURIComponent(this.older)}`);
    this.older = next;
    return items;
  }

  async #ask(chat, query) {
    const response = await fetch(`${this.#url.replace("/-/", `/${encodeURIComponent(chat)}/`)}?${query}`, { signal: AbortSignal.timeout(TAKES_MS) });
    if (!response.ok) throw new Error(`messages: ${response.status}`);
    return response.json();
  }
}

export const htmlsOf = ({ parts }) => parts.filter((part) => part.type === "text").map((part) => part.html);
