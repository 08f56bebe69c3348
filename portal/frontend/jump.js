// <button data-opens="jump"> opens <dialog id="jump">: a field, and what htmx finds for it. Arrows
// choose among the links found, Enter opens the chosen one or the first.

import { isComposing } from "./keys.js";

const MOVES = { ArrowDown: 1, ArrowUp: -1 };
let hurried = false; // Enter came before what was typed had been looked for

function open(event) {
  const button = event.target.closest?.("[data-opens]");
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  const dialog = document.getElementById(button.dataset.opens);
  dialog.showModal();
  const field = dialog.querySelector("input");
  hurried = false;
  field.select();
  field.dispatchEvent(new Event("jump"));
}

function choose(event) {
  const dialog = event.target.closest?.("dialog.jump");
  if (!dialog || isComposing(event)) return;
  const links = [...dialog.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key in MOVES && links.length) {
    event.preventDefault();
    const next = at + MOVES[event.key];
    (links[next] ?? dialog.querySelector("input")).focus();
  } else if (event.key === "Enter" && at < 0) {
    event.preventDefault();
    hurried = true;
    arrive();
  }
}

function arrive() {
  const found = document.querySelector("#jump [data-query]");
  if (!hurried || found?.dataset.query !== document.querySelector("#jump input").value.trim()) return;
  hurried = false;
  found.querySelector("a")?.click();
}

document.addEventListener("htmx:after:swap", arrive);

document.addEventListener("click", open);
document.addEventListener("keydown", choose);
