// Keeps a scrolling box at its end while the reader is there, and never moves it while they are not.

const NEAR_PX = 64;

export class Follow {
  #box;
  #pill;
  #lastTop = 0;
  #isHeld = false;
  attached = true;
  label = () => "New messages"; // what the pill offers

  constructor(box, pill) {
    this.#box = box;
    this.#pill = pill;
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    pill.addEventListener("click", () => {
      this.toEnd();
      box.focus({ preventScroll: true });
    });
    new ResizeObserver(() => this.attached && !this.#isHeld && this.toEnd()).observe(box);
  }

  // After words were added at the end.
  grew() {
    if (!this.#isHeld && (this.attached || this.#gap() <= 1)) return this.toEnd();
    this.#pill.querySelector("span").textContent = this.label();
    this.#pill.hidden = false;
  }

  toEnd() {
    this.attached = true;
    this.#pill.hidden = true;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#lastTop = this.#box.scrollTop;
  }

  // Stay where the reader is: they chose a place.
  release() {
    this.attached = this.#gap() <= 1;
    this.#lastTop = this.#box.scrollTop;
  }

  // While the reader writes among the words, none of them moves.
  hold(isHeld) {
    this.#isHeld = isHeld;
    if (!isHeld) this.release();
  }

  #gap() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight;
  }

  // Browsers tell of a scroll before they ask for the next frame, so this is known before anything is painted.
  #scrolled() {
    const top = this.#box.scrollTop;
    const gap = this.#gap();
    if (gap <= 1 || (top > this.#lastTop && gap <= NEAR_PX)) this.attached = true;
    else if (top < this.#lastTop) this.attached = false;
    this.#lastTop = top;
    if (this.attached) this.#pill.hidden = true;
  }
}
