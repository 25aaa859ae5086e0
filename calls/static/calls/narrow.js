// The forms that make a list's address: only what is filled in goes into it.

for (const form of document.querySelectorAll("[data-list-form]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) {
      if (value !== "") continue;
      const others = formData.getAll(name).filter(Boolean);
      formData.delete(name);
      for (const other of others) formData.append(name, other);
    }
  });
}

const find = document.querySelector(".filters");
for (const way of find?.querySelectorAll("input[name=by]") ?? []) {
  way.addEventListener("change", () => find.elements.q.value.trim() && find.requestSubmit());
}

// On a phone there are no heads of columns to press.
find?.querySelector("select[name=sort]")?.addEventListener("change", () => find.requestSubmit());

// "At least" and "at most" are written as one value: >=2m, <=0.5, 1m..5m.
for (const range of document.querySelectorAll("[data-range]")) {
  const [least, most] = ["[data-least]", "[data-most]"].map((part) => range.querySelector(part));
  const written = range.querySelector("input[type=hidden]");
  range.addEventListener("input", () => {
    const [from, to] = [least, most].map(({ value }) => (value ? `${value}${range.dataset.suffix}` : ""));
    most.setCustomValidity(from && to && Number(least.value) > Number(most.value) ? "This is less than the least." : "");
    written.value = from && to ? `${from}..${to}` : from ? `>=${from}` : to ? `<=${to}` : "";
  });
}

// A preset is instead of days of one's own, and the other way round.
const narrow = document.querySelector("[data-narrow]");
narrow?.addEventListener("change", ({ target }) => {
  if (target.name === "when" && target.value) narrow.elements.from.value = narrow.elements.to.value = "";
  if (["from", "to"].includes(target.name) && target.value) narrow.elements.when.value = "";
});
