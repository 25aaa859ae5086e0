// The inside of a paragraph: emphasis, code, links, line breaks. What base/markdown.py makes of it, as a tree.

const PUNCTUATION = /[\p{P}\p{S}]/u;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ADDRESS = /^(?:https?:\/\/|mailto:|tel:)\S/i;
const AUTOLINK = /<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>/iy;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|nbsp));/iy;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };
const MOST_MARKS = 400; // in one paragraph; the rest is text
const DEEPEST = 20;

const LINK = { target: "_blank", rel: "noopener noreferrer nofollow" };

// ended: all of the text is there. Otherwise what is open at its end counts as closed there.
export function inline(source, { ended = true, inLink = false, depth = 0 } = {}) {
  const text = ended ? source : source.replace(/[*_~`[!\\]+$/, "");
  const reader = new Reader(text, { ended, inLink, depth });
  return emphasised(reader.items(), ended);
}

class Reader {
  #text;
  #at = 0;
  #items = [];
  #marks = 0;
  #options;

  constructor(text, options) {
    this.#text = text;
    this.#options = options;
  }

  items() {
    while (this.#at < this.#text.length) this.#next();
    return this.#items;
  }

  #next() {
    const letter = this.#text[this.#at];
    const read = {
      "\\": () => this.#escape(),
      "\n": () => this.#break(),
      "`": () => this.#code(),
      "<": () => this.#autolink(),
      "&": () => this.#entity(),
      "[": () => this.#link(this.#at),
      "!": () => this.#text[this.#at + 1] === "[" && this.#link(this.#at + 1),
      "*": () => this.#mark("*"),
      _: () => this.#mark("_"),
      "~": () => this.#mark("~"),
    }[letter];
    if (read?.()) return;
    this.#say(letter);
    this.#at += 1;
  }

  #say(text) {
    const last = this.#items.at(-1);
    if (last && "text" in last) last.text += text;
    else this.#items.push({ text });
  }

  #put(node, end) {
    this.#items.push({ node });
    this.#at = end;
    return true;
  }

  #escape() {
    const next = this.#text[this.#at + 1];
    if (next === "\n") {
      this.#at += 1;
      return this.#break();
    }
    if (next === undefined || !ESCAPABLE.test(next)) return false;
    this.#say(next);
    this.#at += 2;
    return true;
  }

  #break() {
    const last = this.#items.at(-1);
    if (last && "text" in last) last.text = last.text.trimEnd();
    let end = this.#at + 1;
    while (this.#text[end] === " ") end += 1;
    return this.#put(["br", {}, []], end);
  }

  #code() {
    const fence = /`+/y;
    fence.lastIndex = this.#at;
    const run = fence.exec(this.#text)[0];
    const from = this.#at + run.length;
    const closing = new RegExp(`(?<!\`)\`{${run.length}}(?!\`)`, "g");
    closing.lastIndex = from;
    const found = closing.exec(this.#text);
    if (!found && (this.#options.ended || run.length > 1)) {
      this.#say(run);
      this.#at = from;
      return true;
    }
    let inner = this.#text.slice(from, found?.index).replace(/\n/g, " ");
    if (/^ .*\S.* $/.test(inner)) inner = inner.slice(1, -1);
    return this.#put(["code", {}, inner ? [inner] : []], found ? found.index + run.length : this.#text.length);
  }

  #autolink() {
    AUTOLINK.lastIndex = this.#at;
    const found = AUTOLINK.exec(this.#text);
    if (!found || this.#options.inLink || !ADDRESS.test(found[1])) return false;
    return this.#put(["a", { href: encoded(found[1]), ...LINK }, [found[1]]], this.#at + found[0].length);
  }

  #entity() {
    ENTITY.lastIndex = this.#at;
    const found = ENTITY.exec(this.#text);
    if (!found) return false;
    const [whole, decimal, hex, name] = found;
    const point = decimal ? parseInt(decimal, 10) : parseInt(hex, 16);
    this.#say(name ? NAMED[name.toLowerCase()] : point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : "\ufffd");
    this.#at += whole.length;
    return true;
  }

  // [label](address "title"), and an image, which is a link to it.
  #link(from) {
    const isImage = from > this.#at;
    if (this.#options.depth > DEEPEST) return false;
    const close = this.#closing(from);
    if (close < 0) {
      if (this.#options.ended) return false;
      this.#at = from + 1;
      return true;
    }
    const label = this.#text.slice(from + 1, close);
    const deeper = { ...this.#options, depth: this.#options.depth + 1 };
    const target = destination(this.#text, close + 1);
    if (!target && !this.#options.ended && this.#text[close + 1] === "(" && !this.#text.slice(close).includes(")")) {
      return this.#put(["span", {}, inline(label, { ...deeper, inLink: true })], this.#text.length);
    }
    if (!target || (target.address && !ADDRESS.test(target.address))) return false;
    if (this.#options.inLink) return isImage && this.#put(["span", {}, inline(label, { ...deeper, ended: true })], target.end);
    const href = target.address ? { href: encoded(target.address) } : {};
    return this.#put(["a", { ...href, ...LINK }, inline(label, { ...deeper, inLink: true, ended: true })], target.end);
  }

  // Where the bracket that opens at `from` is closed, or -1.
  #closing(from) {
    let open = 0;
    for (let at = from; at < this.#text.length; at += 1) {
      const letter = this.#text[at];
      if (letter === "\\") at += 1;
      else if (letter === "[") open += 1;
      else if (letter === "]" && (open -= 1) === 0) return at;
    }
    return -1;
  }

  // A run of marks, which may open or close emphasis by what stands on either side of it.
  #mark(mark) {
    let end = this.#at;
    while (this.#text[end] === mark) end += 1;
    const n = end - this.#at;
    if ((mark === "~" && n < 2) || (this.#marks += 1) > MOST_MARKS) {
      this.#say(mark.repeat(n));
      this.#at = end;
      return true;
    }
    const before = this.#at ? this.#text[this.#at - 1] : " ";
    const after = this.#text[end] ?? " ";
    const isSpace = (letter) => /\s/.test(letter);
    const left = !isSpace(after) && (!PUNCTUATION.test(after) || isSpace(before) || PUNCTUATION.test(before));
    const right = !isSpace(before) && (!PUNCTUATION.test(before) || isSpace(after) || PUNCTUATION.test(after));
    const opens = left && (mark !== "_" || !right || PUNCTUATION.test(before));
    const closes = right && (mark !== "_" || !left || PUNCTUATION.test(after));
    if (mark === "~" && n % 2) this.#say("~");
    this.#items.push({ mark, n: mark === "~" ? n - (n % 2) : n, length: n, opens, closes });
    this.#at = end;
    return true;
  }
}

// What stands in the round brackets that begin at `at`, and where they end; null if there are none.
function destination(text, at) {
  const found = /\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*))(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*\)/y;
  found.lastIndex = at;
  const match = found.exec(text);
  if (!match) return null;
  return { address: (match[1] ?? match[2]).replace(/\\([!-/:-@[-`{-~])/g, "$1"), end: at + match[0].length };
}

const encoded = (address) => address.replace(/%(?![0-9a-f]{2})/gi, "%25").replace(/[^\w;/?:@&=+$,\-.!~*'()#%]+/gu, (text) => encodeURIComponent(text.toWellFormed?.() ?? text));

// Pairs of marks become elements; marks that are left over are text again.
function emphasised(items, ended) {
  for (let c = 0; c < items.length; c += 1) {
    const closer = items[c];
    if (!closer.closes || !closer.n) continue;
    let o = c - 1;
    while (o >= 0 && !(items[o].mark === closer.mark && items[o].opens && items[o].n && fit(items[o], closer))) o -= 1;
    if (o < 0) continue;
    pair(items, o, c, closer);
    c = o + 1;
  }
  if (!ended) closeOpen(items);
  return flat(items);
}

function fit(opener, closer) {
  const total = opener.length + closer.length;
  return closer.mark === "~" || !(opener.closes || closer.opens) || total % 3 !== 0 || (opener.length % 3 === 0 && closer.length % 3 === 0);
}

const TAGS = { "~2": "s", "*1": "em", "*2": "strong", _1: "em", _2: "strong" };

function pair(items, o, c, closer) {
  const opener = items[o];
  const used = Math.min(opener.n, closer.n, 2);
  opener.n -= used;
  if (closer !== opener) closer.n -= used;
  items.splice(o + 1, c - o - 1, { node: [TAGS[closer.mark + used], {}, flat(items.slice(o + 1, c))] });
}

function closeOpen(items) {
  for (let o = items.length - 2; o >= 0; o -= 1) {
    const one = items[o];
    while (one.mark && one.opens && !one.closes && one.n > 0) pair(items, o, items.length, { mark: one.mark, n: one.n });
  }
}

function flat(items) {
  const nodes = [];
  for (const { text, node, mark, n } of items) {
    if (node) nodes.push(...(node[0] === "span" ? node[2] : [node]));
    else if (mark ? n : text) nodes.push(mark ? mark.repeat(n) : text);
  }
  return nodes.reduce((joined, one) => {
    if (typeof one === "string" && typeof joined.at(-1) === "string") joined[joined.length - 1] += one;
    else joined.push(one);
    return joined;
  }, []);
}
