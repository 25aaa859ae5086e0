// The parts of a UI message stream that this page understands, and what each must have: as the AI SDK's clients do, it
// takes no part that is not whole, and no null where a value may be left out.

const text = (value) => typeof value === "string";
const any = () => true;
const flag = (value) => typeof value === "boolean";
const thing = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const maybe = (check) => (value) => value === undefined || (value !== null && check(value));

const PARTS = {
  start: { messageId: maybe(text), messageMetadata: maybe(thing) },
  "start-step": {},
  "finish-step": {},
  "text-start": { id: text },
  "text-delta": { id: text, delta: text },
  "text-end": { id: text },
  "reasoning-start": { id: text },
  "reasoning-delta": { id: text, delta: text },
  "reasoning-end": { id: text },
  "tool-input-start": { toolCallId: text, toolName: text, dynamic: maybe(flag) },
  "tool-input-delta": { toolCallId: text, inputTextDelta: text },
  "tool-input-available": { toolCallId: text, toolName: text, input: any, dynamic: maybe(flag) },
  "tool-input-error": { toolCallId: text, toolName: text, errorText: text },
  "tool-output-available": { toolCallId: text, output: any, preliminary: maybe(flag) },
  "tool-output-error": { toolCallId: text, errorText: text },
  "source-url": { sourceId: text, url: text },
  file: { url: text, mediaType: text },
  "message-metadata": { messageMetadata: thing },
  finish: { messageMetadata: maybe(thing), finishReason: maybe(text) },
  error: { errorText: text },
  abort: { reason: maybe(text) },
};
const DATA = { data: any, id: maybe(text), transient: maybe(flag) };

export class BadPart extends Error {}

// The object of one `data:` line. Raises BadPart.
export function partOf(line) {
  let part;
  try {
    part = JSON.parse(line);
  } catch (error) {
    throw new BadPart("not JSON", { cause: error });
  }
  if (!thing(part) || !text(part.type)) throw new BadPart("not a part");
  const fields = Object.hasOwn(PARTS, part.type) ? PARTS[part.type] : /^data-./.test(part.type) ? DATA : null;
  if (!fields) throw new BadPart(`unknown part ${part.type.slice(0, 40)}`);
  for (const [name, isRight] of Object.entries(fields)) if (!isRight(part[name])) throw new BadPart(`${part.type}: bad ${name}`);
  return part;
}
