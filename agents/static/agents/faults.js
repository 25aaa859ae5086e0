// What is wrong with a draft, as a line of text: in words, and in a tone that says whether it keeps from publishing.
export function faultNote({ message, line, blocks }) {
  const note = document.createElement("p");
  note.className = "fault tone";
  note.dataset.tone = blocks ? "danger" : "warn";
  note.textContent = (line ? `Line ${line}. ` : "") + message;
  return note;
}
