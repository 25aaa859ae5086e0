// The sound of a call as two lines of bars: the caller above the middle, the agent below it.

const BAR = 2, GAP = 1; // CSS pixels
const SOFT = 0.6; // an exponent: quiet words are seen, too

export class Wave {
  #canvas;
  #heard;
  #width = 1; // of the time line, in ms
  #ending = new AbortController();

  // canvas: over the time line; heard: calls/recordings/told.py.
  constructor(canvas, heard) {
    this.#canvas = canvas;
    this.#heard = heard;
    const { signal } = this.#ending;
    const size = new ResizeObserver(() => this.#draw());
    size.observe(canvas);
    // Its colours are the theme's.
    const theme = new MutationObserver(() => this.#draw());
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw(), { signal });
    for (const observer of [size, theme]) signal.addEventListener("abort", () => observer.disconnect());
  }

  close() {
    this.#ending.abort();
  }

  draw(width) {
    this.#width = width;
    this.#canvas.hidden = false;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (!width || this.#canvas.hidden) return;
    const scale = devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const pen = this.#canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.#canvas);
    const { peaks } = this.#heard;
    const loudest = Math.max(1, ...peaks.flat());
    const colours = [style.color, style.outlineColor]; // a canvas knows none of the theme's own words
    peaks.forEach((side, index) => {
      pen.fillStyle = colours[index];
      for (let x = 0; x < width; x += BAR + GAP) {
        const tall = (this.#loudest(side, x, width) / loudest) ** SOFT * (height / 2 - 1);
        if (tall >= 0.5) pen.fillRect(x, index ? height / 2 + 1 : height / 2 - 1 - tall, BAR, tall);
      }
    });
  }

  // In the time that one bar stands for.
  #loudest(side, x, width) {
    const { peak_ms, offset_ms } = this.#heard;
    const pieceAt = (place) => ((place / width) * this.#width - offset_ms) / peak_ms;
    const first = Math.max(0, Math.floor(pieceAt(x)));
    const last = Math.min(side.length - 1, Math.max(first, Math.ceil(pieceAt(x + BAR + GAP)) - 1));
    let loud = 0;
    for (let piece = first; piece <= last; piece++) loud = Math.max(loud, side[piece]);
    return loud;
  }
}
