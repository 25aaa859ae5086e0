// Keeps what is heard in sight, until the reader scrolls away from it: then it offers to go back, and moves nothing.

import { clock } from "calls/geometry.js";
import { setText } from "calls/transcript.js";

export class Trail {
  #box;
  #button;
  #node = null;
  #ours = null; // where we have scrolled to, until the browser tells of that
  #isFollowing = true;

  constructor(box, button) {
    this.#box = box;
    this.#button = button;
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => {
      this.back();
      box.focus({ preventScroll: true });
    });
  }

  // node: the turn that is heard at ms.
  at(node, ms) {
    setText(this.#button.querySelector("span"), `Back to ${clock(Math.floor(ms))}`);
    if (node === this.#node || !node) return;
    this.#node = node;
    if (this.#isFollowing) this.#show();
  }

  back() {
    this.#isFollowing = true;
    this.#button.hidden = true;
    this.#show();
  }

  stop() {
    this.#node = null;
    this.#isFollowing = true;
    this.#button.hidden = true;
  }

  #show() {
    if (!this.#node || this.#isSeen(48)) return;
    const [box, node] = [this.#box.getBoundingClientRect(), this.#node.getBoundingClientRect()];
    const place = this.#box.scrollTop + node.top - box.top - Math.max(0, (box.height - node.height) / 2);
    const was = this.#box.scrollTop;
    this.#box.scrollTop = place;
    this.#ours = this.#box.scrollTop === was ? null : this.#box.scrollTop;
  }

  #scrolled() {
    if (this.#ours !== null && Math.abs(this.#box.scrollTop - this.#ours) < 2) {
      this.#ours = null;
      return;
    }
    if (!this.#node) return;
    this.#isFollowing = this.#isSeen(0);
    this.#button.hidden = this.#isFollowing;
  }

  #isSeen(margin) {
    const [box, node] = [this.#box.getBoundingClientRect(), this.#node.getBoundingClientRect()];
    return node.bottom > box.top + margin && node.top < box.bottom - margin;
  }
}
