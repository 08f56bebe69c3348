// Lists of resources: rows are chosen across pages, j k Enter x move among them.
//
// What is chosen is kept in sessionStorage by list, and by the filters that it was chosen under; the
// server is told by hidden fields when an action is asked for. Words come from the server.

const root = document.documentElement;
const form = () => document.querySelector("form.list-form");
const boxes = () => [...document.querySelectorAll(".list-form tbody .select input")];

function store() {
  return `selected:${form()?.dataset.list}?${filtersOf(form()?.dataset.query ?? "")}`;
}

function filtersOf(query) {
  const parameters = new URLSearchParams(query);
  for (const name of ["sort", "columns", "at", "tz", "paused"]) parameters.delete(name);
  return parameters.toString();
}

function chosen() {
  return new Set(JSON.parse(sessionStorage.getItem(store()) ?? "[]"));
}

function keep(keys) {
  if (keys.size) sessionStorage.setItem(store(), JSON.stringify([...keys]));
  else sessionStorage.removeItem(store());
  show(keys);
}

function show(keys = chosen()) {
  const list = form();
  if (!list) return;
  for (const box of boxes()) box.checked = keys.has(box.value);
  list.toggleAttribute("data-selected", keys.size > 0);
  const count = list.querySelector("[data-selected-count]");
  if (count) count.textContent = keys.size === 1 ? count.dataset.one : count.dataset.many.replace("{n}", keys.size);
  const page = list.querySelector("[data-select-page]");
  if (page) page.checked = boxes().length > 0 && boxes().every((box) => box.checked);
}

document.addEventListener("change", ({ target }) => {
  if (!form()?.contains(target)) return;
  const keys = chosen();
  if (target.matches("[data-select-page]")) {
    for (const box of boxes()) keys[target.checked ? "add" : "delete"](box.value);
  } else if (target.matches(".select input")) {
    keys[target.checked ? "add" : "delete"](target.value);
  } else return;
  keep(keys);
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("[data-select-none]")) return;
  const all = form()?.querySelector('[name="_all"]');
  if (all) all.checked = false;
  keep(new Set());
});

document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[data-columns]")) return joinColumns(target);
  if (target.matches(".list-filters, form[data-columns]")) return dropEmpty(target);
  if (!target.matches("form.list-form")) return;
  const here = new Set(boxes().map((box) => box.value));
  for (const field of target.querySelectorAll("input[data-elsewhere]")) field.remove();
  for (const key of chosen()) {
    if (!here.has(key)) target.append(hidden("key", key));
  }
});

function hidden(name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  field.dataset.elsewhere = "";
  return field;
}

// Addresses stay short: no empty filters, and columns as one parameter.
function dropEmpty(filters) {
  for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
  setTimeout(() => { for (const field of filters.elements) field.disabled = false; });
}

function joinColumns(columns) {
  const ticked = [...columns.querySelectorAll('input[name="columns"]:checked')];
  for (const box of ticked) box.disabled = true;
  columns.append(hidden("columns", ticked.map((box) => box.value).join(",")));
}

// j and k move, Enter opens, x chooses; behind the shell's switch (<html data-shortcuts="off">).
let current = "";

function move(step) {
  const rows = [...document.querySelectorAll("tr[data-row]")];
  const at = rows.findIndex((row) => row.dataset.row === current);
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  if (!row) return;
  current = row.dataset.row;
  mark();
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a, input")?.focus({ preventScroll: true });
}

function mark() {
  for (const row of document.querySelectorAll("tr[data-row]")) row.toggleAttribute("data-current", row.dataset.row === current);
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => document.querySelector("tr[data-current] .select input")?.click(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.('input:not([type="checkbox"]), select, textarea, [contenteditable]');
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing || root.dataset.shortcuts === "off" || document.querySelector("dialog:modal")) return;
  if (!document.querySelector("tr[data-row]")) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (event.key === "Enter" && event.target.matches?.(".select input")) {
    event.preventDefault();
    event.target.closest("tr").querySelector("th a")?.click();
  }
});

// A list that looks again by itself stays still while nobody sees it.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.target.id === "list") event.preventDefault();
});

document.addEventListener("htmx:after:swap", () => { show(); mark(); });
show();
