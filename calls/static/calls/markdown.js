// Markdown while it is written: text in, a tree of [tag, attributes, children] out. It makes what base/markdown.py makes
// of usual Markdown, and a test holds the two to it; of unusual Markdown it makes something harmless. Nothing here knows
// HTML or the page.
//
// What is written last may not be whole yet: `**bo` is bold already, and a line that may become a list, a rule or a table
// waits until it has.

import { inline } from "calls/inline.js";

const DEEPEST = 20;
const BLANK = /^\s*$/;
const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-+*]|\d{1,9}[.)])(?:( +)(?=\S)|(?=\s*$))/;
const DIVIDER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
// The beginning of something that nobody can tell yet.
const UNTOLD = /^ *(?:#{1,6}|[-+*]|\d{1,9}[.)]?|>|[-*_=]+|[`~]{1,2})?$/;

const startsOther = (line) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
const interrupts = (line) => startsOther(line) || /^ {0,3}(?:[-+*]|1[.)]) +\S/.test(line);

// A text that grows. `tree()` answers the blocks from number `from` on; those before it do not change any more.
export class Draft {
  #lines = [""];
  #start = 0; // the line at which the last block begins
  #levels = []; // the headings above it
  from = 0;

  add(text) {
    const [more, ...lines] = text.replace(/\r\n?/g, "\n").split("\n");
    this.#lines[this.#lines.length - 1] += more;
    this.#lines.push(...lines);
  }

  // ended: nothing will be added.
  tree({ ended = false } = {}) {
    const lines = untabbed(this.#lines.slice(this.#start));
    const context = { levels: this.#levels, depth: 0, ended };
    if (!ended) hold(lines);
    const tree = [];
    let last = 0;
    let levels = this.#levels;
    for (let at = skip(lines, 0); at < lines.length; ) {
      levels = [...context.levels];
      last = at;
      const [node, next] = block(lines, at, context);
      tree.push(node);
      at = skip(lines, next);
    }
    const settled = { from: this.from, tree };
    this.#start += last;
    this.#levels = levels;
    this.from += Math.max(0, tree.length - 1);
    return settled;
  }
}

// Which lines are in a fence, or open or close one.
function fenced(lines) {
  let open = null;
  return lines.map((line) => {
    const before = open;
    open = open ? (closes(line, open) ? null : open) : (FENCE.exec(line)?.[2] ?? null);
    return Boolean(before || open);
  });
}

function untabbed(lines) {
  const inFence = lines.some((line) => line.includes("\t")) ? fenced(lines) : [];
  return lines.map((line, n) => (inFence[n] ? line : untab(line)));
}

// The last line waits while it could still become something else, and a table until it is known to be one.
function hold(lines) {
  const inFence = fenced(lines).at(-1);
  const last = lines.at(-1);
  if (inFence ? /^ {0,3}[`~]+$/.test(last) && lines.length > 1 : UNTOLD.test(last)) lines.pop();
  if (inFence) return;
  const [first, second] = lines.slice(-2);
  const isHeader = (line) => /^ {0,3}\|/.test(line ?? "");
  if (second === undefined || BLANK.test(first)) {
    if (isHeader(second ?? first)) lines.pop();
  } else if (isHeader(first) && isHeader(second) && /^[ |:-]*$/.test(second) && (lines.length === 2 || BLANK.test(lines.at(-3)))) lines.splice(-2);
}

const closes = (line, fence) => new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`).test(line);
const untab = (line) => line.replace(/^[ \t]*(?:(?:[-+*>]|\d{1,9}[.)])[ \t]+)*/, (start) => start.replaceAll("\t", "    "));

function skip(lines, at) {
  while (at < lines.length && BLANK.test(lines[at])) at += 1;
  return at;
}

// The block that begins at line `at`, and the line after it.
function block(lines, at, context) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence);
  const heading = HEADING.exec(line);
  if (heading) return [title(heading[1].length, heading[2] ?? "", context), at + 1];
  if (RULE.test(line)) return [["hr", {}, []], at + 1];
  if (context.depth < DEEPEST) {
    if (QUOTE.test(line)) return quote(lines, at, context);
    if (ITEM.test(line)) return list(lines, at, context);
  }
  if (/^ {4}/.test(line)) return indented(lines, at);
  return table(lines, at, context) ?? paragraph(lines, at, context);
}

function blocks(lines, context) {
  const nodes = [];
  let gaps = false;
  for (let at = skip(lines, 0); at < lines.length; ) {
    const [node, next] = block(lines, at, context);
    nodes.push(node);
    at = skip(lines, next);
    gaps ||= at < lines.length && BLANK.test(lines[at - 1]);
  }
  return { nodes, gaps };
}

const pre = (body) => ["pre", { tabindex: "0" }, [["code", {}, body ? [body] : []]]];

function code(lines, at, [, indent, fence]) {
  let end = at + 1;
  while (end < lines.length && !closes(lines[end], fence)) end += 1;
  const body = lines.slice(at + 1, end).map((line) => line.replace(new RegExp(`^ {0,${indent.length}}`), ""));
  const isClosed = end < lines.length;
  return [pre(isClosed && body.length ? `${body.join("\n")}\n` : body.join("\n")), end + 1];
}

function indented(lines, at) {
  let end = at;
  for (let next = at; next < lines.length && (BLANK.test(lines[next]) || /^ {4}/.test(lines[next])); next += 1) if (!BLANK.test(lines[next])) end = next + 1;
  return [pre(`${lines.slice(at, end).map((line) => line.slice(4)).join("\n")}\n`), end];
}

// One deeper than the heading it stands under, whatever it was called: readers skip by levels.
function title(level, text, context) {
  while (context.levels.length && context.levels.at(-1) >= level) context.levels.pop();
  context.levels.push(level);
  return [`h${Math.min(context.levels.length + 2, 6)}`, {}, inline(text.trim(), context)];
}

function paragraph(lines, at, context) {
  let end = at + 1;
  for (; end < lines.length && !BLANK.test(lines[end]); end += 1) {
    const level = UNDERLINE.exec(lines[end]);
    if (level) return [title(level[1][0] === "=" ? 1 : 2, text(lines, at, end), context), end + 1];
    if (interrupts(lines[end]) || isTable(lines, end)) break;
  }
  return [["p", {}, inline(text(lines, at, end), { ...context, ended: context.ended || end < lines.length })], end];
}

const text = (lines, at, end) => lines.slice(at, end).map((line) => line.trimStart()).join("\n").trimEnd();

// Lines of a container that do not say so: the rest of a paragraph that began in it.
const isLazy = (line, before) => !BLANK.test(line) && !BLANK.test(before) && !interrupts(line) && !ITEM.test(line) && !FENCE.test(before) && !/^ {4}/.test(before);

function quote(lines, at, context) {
  const inner = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    if (QUOTE.test(lines[end])) inner.push(lines[end].replace(QUOTE, ""));
    else if (isLazy(lines[end], inner.at(-1))) inner.push(lines[end]);
    else break;
  }
  const deeper = { ...context, depth: context.depth + 1, ended: context.ended || end < lines.length };
  return [["blockquote", {}, blocks(inner, deeper).nodes], end];
}

const kindOf = (marker) => marker.at(-1);

function list(lines, at, context) {
  const [, , first] = ITEM.exec(lines[at]);
  const items = [];
  let isLoose = false;
  let end = at;
  for (let found; end < lines.length && (found = ITEM.exec(lines[end])) && !RULE.test(lines[end]) && kindOf(found[2]) === kindOf(first); ) {
    const [inner, next] = item(lines, end, found);
    const following = skip(lines, next);
    const isLast = following === lines.length;
    const { nodes, gaps } = blocks(inner, { ...context, depth: context.depth + 1, ended: context.ended || !isLast });
    items.push(nodes);
    isLoose ||= gaps;
    end = next;
    const again = isLast ? null : ITEM.exec(lines[following]);
    if (following > next && again && kindOf(again[2]) === kindOf(first) && !RULE.test(lines[following])) {
      isLoose = true;
      end = following;
    }
  }
  const start = parseInt(first, 10);
  const attributes = start >= 0 && start !== 1 ? { start: String(start) } : {};
  return [[start >= 0 ? "ol" : "ul", attributes, items.map((nodes) => ["li", {}, isLoose ? nodes : tightly(nodes)])], end];
}

const tightly = (nodes) => nodes.flatMap((node) => (node[0] === "p" ? node[2] : [node]));

// One item: its lines without their indent, and the line after it.
function item(lines, at, [whole, , , space = ""]) {
  const line = lines[at];
  const indent = space.length > 4 ? whole.length - space.length + 1 : Math.max(whole.length, line.trimEnd().length === whole.length ? whole.length + 1 : 0);
  const inner = [line.slice(indent)];
  const inside = new RegExp(`^ {${indent}}`);
  let end = at + 1;
  for (let next = end; next < lines.length; next += 1) {
    if (BLANK.test(lines[next])) continue;
    if (!inside.test(lines[next]) && (next > end || !isLazy(lines[next], inner.at(-1)))) break;
    while (end < next) inner.push(""), (end += 1);
    inner.push(inside.test(lines[next]) ? lines[next].slice(indent) : lines[next].trimStart());
    end = next + 1;
  }
  return [inner, end];
}

const cells = (line) => (line.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1").match(/(?:\\.|[^|\\])*(?:\||$)/g) ?? []).map((cell) => cell.replace(/\|$/, "").replace(/\\\|/g, "|").trim());
const columns = (line) => cells(line).slice(0, -1);

const isTable = (lines, at) => at + 1 < lines.length && lines[at].includes("|") && DIVIDER.test(lines[at + 1]) && columns(lines[at]).length === columns(lines[at + 1]).length;

function table(lines, at, context) {
  if (!isTable(lines, at)) return null;
  const sides = columns(lines[at + 1]).map((cell) => (!cell.endsWith(":") ? {} : { class: cell.startsWith(":") ? "center" : "right" }));
  const row = (line, tag) => ["tr", {}, sides.map((side, n) => [tag, side, inline(columns(line)[n] ?? "", context)])];
  let end = at + 2;
  while (end < lines.length && !BLANK.test(lines[end]) && !startsOther(lines[end])) end += 1;
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  const parts = [["thead", {}, [row(lines[at], "th")]], ...(body.length ? [["tbody", {}, body]] : [])];
  return [["div", { class: "wide", tabindex: "0" }, [["table", {}, parts]]], end];
}
