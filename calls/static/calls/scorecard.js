// The editor of a scorecard's checks: rows are added and removed; the server takes those that ask something.

const list = document.querySelector("[data-checks]");

function add() {
  const fresh = list.lastElementChild.cloneNode(true);
  for (const field of fresh.querySelectorAll("input, select")) field.value = { check_weight: "1", check_critical: "no" }[field.name] ?? "";
  fresh.querySelector(".an-told")?.remove();
  list.append(fresh);
  fresh.querySelector("[name=check_question]").focus();
}

function remove(row) {
  const near = row.nextElementSibling ?? row.previousElementSibling;
  if (near) row.remove();
  else row.querySelector("[name=check_question]").value = ""; // a list keeps one to write in
  (near ?? row).querySelector("[name=check_question]").focus();
}

document.querySelector("[data-add-check]").addEventListener("click", add);
list.addEventListener("click", ({ target }) => {
  if (target.closest("[data-remove-check]")) remove(target.closest("li"));
});
