// Mentions: "@[id]" where notes are kept, "@name" where people write and read them.

const MENTION = /@\[([0-9a-f-]{36})\]/g;
const LETTER = /[\p{L}\p{N}]/u;

export class Mentions {
  #names; // by id
  #offered;

  // people: [{id, name, initials}] who are offered, no two of one name.
  constructor(people) {
    this.#offered = people;
    this.#names = new Map(people.map(({ id, name }) => [id, name]));
  }

  // People that notes mention, whether they are still here or not.
  learn(people) {
    for (const { id, name } of people) if (!this.#names.has(id)) this.#names.set(id, name);
  }

  // [text, or {id, name}, …]
  split(kept) {
    const parts = [];
    let from = 0;
    for (const found of kept.matchAll(MENTION)) {
      parts.push(kept.slice(from, found.index), { id: found[1], name: this.#names.get(found[1]) ?? "somebody" });
      from = found.index + found[0].length;
    }
    return [...parts, kept.slice(from)].filter((part) => part !== "");
  }

  // As it is read and typed. Whoever has no name here any more stays as they are kept.
  typed(kept) {
    return kept.replace(MENTION, (whole, id) => (this.#names.has(id) ? `@${this.#names.get(id)}` : whole));
  }

  // As it is kept: "@Priya Nair" is she, and not a Priya; a name that goes on is somebody else's.
  kept(typed) {
    const names = [...this.#names].map(([id, name]) => ({ id, name })).sort((a, b) => b.name.length - a.name.length);
    let text = "";
    let from = 0;
    for (let at = typed.indexOf("@"); at >= 0; at = typed.indexOf("@", from)) {
      const rest = typed.slice(at + 1);
      const one = names.find(({ name }) => rest.startsWith(name) && !LETTER.test(rest.charAt(name.length)));
      text += typed.slice(from, at) + (one ? `@[${one.id}]` : "@");
      from = at + 1 + (one?.name.length ?? 0);
    }
    return text + typed.slice(from);
  }

  // Whose name has a word that begins like `start`, at most `most`.
  like(start, most = 6) {
    const wanted = start.toLocaleLowerCase();
    const fits = ({ name }) => name.toLocaleLowerCase().startsWith(wanted) || name.toLocaleLowerCase().includes(` ${wanted}`);
    return this.#offered.filter(fits).slice(0, most);
  }
}
