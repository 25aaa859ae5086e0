// Who else edits this agent: asked every few seconds while the page is in sight, and told where we write.

const EVERY_MS = 5_000;
const LONGEST_MS = 10_000;

export class Presence {
  #editor;
  #tab = crypto.randomUUID();
  #section = "";
  #timer = 0;
  #told = ""; // of a version that somebody published meanwhile
  names = ""; // "Jon", "Jon and Priya"

  constructor(editor) {
    this.#editor = editor;
    editor.addEventListener("focusin", ({ target }) => this.#at(sectionOf(target)));
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(this.#timer) : this.#look()));
    addEventListener("pagehide", () => navigator.sendBeacon(editor.page.presence, this.#form({ leaving: "1" })));
    this.#section = sectionOf(document.activeElement);
    this.#look();
  }

  #at(section) {
    if (section === this.#section) return;
    this.#section = section;
    this.#look();
  }

  #form(more = {}) {
    const { csrf } = this.#editor.page;
    const form = new FormData();
    for (const [name, value] of Object.entries({ csrfmiddlewaretoken: csrf, tab: this.#tab, section: this.#section, ...more })) form.append(name, value);
    return form;
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      const answer = await fetch(this.#editor.page.presence, { method: "POST", body: this.#form(), headers: { accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
      if (answer.ok) this.#heard(await answer.json());
    } catch {
      // Nobody is seen while the server is away; the autosave says that it is.
    }
    clearTimeout(this.#timer);
    if (!document.hidden) this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  #heard({ editors, revision, live_number: live }) {
    this.#draw(editors);
    const { draft, page } = this.#editor;
    if (revision > draft.revision) draft.refresh().catch(() => {});
    if (live !== null && live !== page.live_number && this.#told !== live) {
      this.#told = live;
      this.#editor.note(`v${live} was published meanwhile.`, { act: `Load v${live}`, done: () => location.reload() });
    }
  }

  #draw(editors) {
    const names = [...new Set(editors.map(({ name }) => name))];
    this.names = names.join(" and ");
    for (const link of this.#editor.querySelectorAll("[data-section]")) {
      const there = [...new Set(editors.filter(({ section }) => section === link.dataset.section).map(({ name }) => name))];
      const words = there.length ? `${there.join(" and ")} ${there.length > 1 ? "are" : "is"} editing ${link.firstElementChild.textContent}` : "";
      const place = link.querySelector('[data-part="who"]');
      if (place.title === words) continue;
      place.title = words;
      place.replaceChildren(...there.map(avatar));
      place.append(Object.assign(document.createElement("span"), { className: "sr", textContent: words }));
      this.#say(link.dataset.section, words);
    }
  }

  // In the section itself as well: that is where somebody else's words would meet ours.
  #say(section, words) {
    const head = document.getElementById(section)?.querySelector(".panel-head");
    if (!head) return;
    const said = head.querySelector(".edit-here") ?? head.querySelector("h2").insertAdjacentElement("afterend", Object.assign(document.createElement("span"), { className: "edit-here tone" }));
    said.dataset.tone = "operator";
    said.textContent = words;
    said.hidden = !words;
  }
}

const sectionOf = (element) => element?.closest(".panel")?.id ?? "";

function avatar(name) {
  const initials = name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  const mark = Object.assign(document.createElement("span"), { className: "avatar", textContent: initials });
  mark.dataset.hue = "1";
  mark.setAttribute("aria-hidden", "true");
  return mark;
}
