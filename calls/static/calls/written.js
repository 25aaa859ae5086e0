// What a model writes, shown as it is written: markdown.js makes elements of it, draw.js puts them on the page.

import { draw } from "calls/draw.js";
import { Draft } from "calls/markdown.js";

export class Written {
  #known = new WeakMap(); // box → { draft, text, ended }

  // ended: nothing will be added to `text`.
  show(box, text, ended) {
    let known = this.#known.get(box);
    if (!known || !text.startsWith(known.text)) {
      // An answer that is told again from its beginning grows to what is shown already, and only then goes on.
      if (known?.text.startsWith(text) && !ended) return;
      known = { draft: new Draft(), text: "", ended: false };
      this.#known.set(box, known);
    }
    if (known.ended || (text === known.text && !ended)) return;
    known.draft.add(text.slice(known.text.length));
    Object.assign(known, { text, ended });
    const { from, tree } = known.draft.tree({ ended });
    draw(box, tree, from);
  }
}

// The words of such boxes, for who hears them.
export const wordsIn = (boxes) => [...boxes].flatMap((box) => [...box.children]).map((block) => block.textContent).join("\n");
