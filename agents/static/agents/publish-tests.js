// What the dialog that publishes says of the tests on exactly this draft.
import { worded } from "agents/test-checks.js";

export class PublishTests {
  #dialog;
  #tests; // <agent-tests>
  #yes;
  #words; // of the button, while nothing has failed
  #isDue = false;

  constructor(editor, dialog) {
    this.#dialog = dialog;
    this.#tests = editor.querySelector("agent-tests");
    this.#yes = dialog.querySelector('[data-act="yes"]');
    this.#words = this.#yes.textContent;
    this.#part("run").addEventListener("click", () => this.#tests.run());
    this.#part("failed").addEventListener("click", ({ target }) => target.closest("a") && dialog.close());
    this.#tests.addEventListener("tests:told", () => dialog.open && this.show());
  }

  // isDue: there is something to publish.
  show(isDue = this.#isDue) {
    this.#isDue = isDue;
    const { count, isRunning, passed, failed, error, unchecked, missing, running } = this.#tests.standing;
    this.#dialog.querySelector('[data-part="tests"]').hidden = !count || !isDue;
    if (!count || !isDue) return;
    this.#part("said").textContent = isRunning ? `Running: ${count - running.length - missing.length} of ${count} done.` : said({ count, passed, error, unchecked, missing });
    if (isRunning && this.#part("run") === document.activeElement) this.#dialog.querySelector('[name="note"]').focus();
    this.#part("run").hidden = isRunning || !(missing.length + error.length);
    this.#part("failed").replaceChildren(...failed.map(line));
    this.#yes.textContent = failed.length ? `${this.#words} anyway` : this.#words;
  }

  #part(name) {
    return this.#dialog.querySelector(`[data-tests="${name}"]`);
  }
}

function said({ count, passed, error, unchecked, missing }) {
  if (missing.length === count) return "The tests were not run on this draft.";
  const rest = [[error, "could not be judged"], [unchecked, "without a check"], [missing, "not run on this draft"]].filter(([{ length }]) => length).map(([{ length }, how]) => `${length} ${how}`);
  return `${[`${passed.length} of ${count} test${count === 1 ? "" : "s"} passed`, ...rest].join(", ")}.`;
}

// One that failed, and why.
function line({ id, name, result }) {
  const node = document.createElement("li");
  node.append(Object.assign(document.createElement("a"), { href: `#test-${id}`, textContent: `“${name}” failed` }), result.failed ? `: ${worded(result.failed)}. ${result.failed.reason}` : "");
  return node;
}
