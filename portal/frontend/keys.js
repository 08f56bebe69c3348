// data-key="/" or data-key="g h" on a field, button or link is its shortcut; "Mod+k" is with Ctrl or
// Cmd. <html data-shortcuts="off"> switches those of a single letter off (WCAG 2.1.4).

const root = document.documentElement;
let prefix = "";
let forget = 0;

function shortcut(event) {
  if (event.defaultPrevented || isComposing(event)) return;
  const mod = event.ctrlKey || event.metaKey;
  if (event.altKey || (!mod && (root.dataset.shortcuts === "off" || isTyping(event)))) return;
  if (document.querySelector("dialog:modal")) return;
  const keys = mod ? `Mod+${event.key}` : prefix ? `${prefix} ${event.key}` : event.key;
  const target = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
  clearTimeout(forget);
  prefix = !target && !mod && begins(event.key) ? event.key : "";
  forget = setTimeout(() => (prefix = ""), 1000);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, select, textarea")) target.focus();
  else target.click();
}

function begins(key) {
  return document.querySelector(`[data-key^="${CSS.escape(key)} "]`) !== null;
}

// An input method is at work: its Enter and its letters are not ours.
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

function isTyping(event) {
  return event.target.closest?.("input, select, textarea, [contenteditable]");
}

document.addEventListener("keydown", shortcut);
