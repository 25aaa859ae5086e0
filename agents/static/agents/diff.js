// What differs between two versions, drawn: one column with − and + marks, or the two beside each other.

const NAMES = { first_message: "first message" };
const CONTEXT = 2; // lines shown on either side of a change

const element = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text });

// changes: [{ section, field, before, after, lines: [{ mark: "+" | "-" | " ", text }] }].
// names: what stands for an id, { id: name }.
export function drawDiff(place, changes, from, to, { beside = false, names = {} } = {}) {
  place.replaceChildren();
  if (!changes.length) place.append(element("p", "diff-head", `Nothing differs between ${from} and ${to}`));
  for (const change of changes) {
    const head = element("p", "diff-head", `${NAMES[change.field] ?? change.field} `);
    head.append(element("span", "dim", `${from} → ${to}`));
    const lines = nearChanges(linesOf(change, names));
    place.append(head, beside ? sides(lines) : column(lines));
  }
}

// Of a text its lines; of anything else both values, as they are read.
function linesOf({ lines, before, after }, names) {
  if (lines.length) return lines;
  const was = values(before, names);
  const now = values(after, names);
  return [...was.filter((one) => !now.includes(one)).map((text) => ({ mark: "-", text })), ...now.filter((one) => !was.includes(one)).map((text) => ({ mark: "+", text })), ...order(was, now)];
}

function values(value, names) {
  if (Array.isArray(value)) return value.map((one) => (typeof one === "string" ? (names[one] ?? one) : JSON.stringify(one)));
  if (value && typeof value === "object") return Object.entries(value).map(([name, one]) => `${name}: ${one}`);
  return [String(value)];
}

const order = (was, now) => (was.length === now.length && was.every((one) => now.includes(one)) ? [{ mark: "-", text: was.join(", ") }, { mark: "+", text: now.join(", ") }] : []);

// Lines far from any change are left out, with a gap in their place.
function nearChanges(lines) {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ mark }) => mark !== " "));
  return lines.flatMap((line, at) => (near[at] ? [line] : near[at - 1] ? [{ mark: "", text: "…" }] : []));
}

const TAGS = { "-": "del", "+": "ins" };

function drawn({ mark, text }) {
  const line = element(TAGS[mark] ?? "span", TAGS[mark] ? "" : "d-ctx", text || " ");
  if (TAGS[mark]) line.prepend(element("span", "sr", mark === "-" ? "Removed: " : "Added: "));
  return line;
}

function column(lines) {
  const box = document.createElement("pre");
  box.append(...lines.map(drawn));
  return box;
}

// A line that went stands beside the one that came for it.
function sides(lines) {
  const box = element("div", "diff-pair", "");
  let [left, right] = [[], []];
  const flush = () => {
    for (let at = 0; at < Math.max(left.length, right.length); at += 1) box.append(cell(left[at]), cell(right[at]));
    [left, right] = [[], []];
  };
  for (const line of lines) {
    if (line.mark === "-") left.push(line);
    else if (line.mark === "+") right.push(line);
    else {
      flush();
      box.append(cell(line), cell(line));
    }
  }
  flush();
  return box;
}

function cell(line) {
  const box = document.createElement("pre");
  if (line) box.append(drawn(line));
  return box;
}
