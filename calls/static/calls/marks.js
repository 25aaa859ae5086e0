// Small marks that the server draws with base/templatetags/ui.py, drawn again as they change.

// A masked number, its dots set lighter.
export function maskInto(element, text) {
  if (element.textContent === text) return;
  element.replaceChildren(
    ...text.split(/(•[• ]*•|•)/).map((piece) => {
      if (!piece.startsWith("•")) return piece;
      const dots = document.createElement("i");
      dots.className = "mk";
      dots.textContent = piece;
      return dots;
    }),
  );
}

// How finely words arrive: cloned from the page's templates, one for each level.
export function setLevel(mark, level) {
  if (mark.dataset.level === level) return;
  const drawn = document.querySelector(`template[data-level-blank="${level}"]`);
  mark.replaceWith(drawn.content.firstElementChild.cloneNode(true));
}
