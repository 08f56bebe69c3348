// What HTML alone cannot do, on every page: htmx, live streams, theme, shortcuts, copy.
//
// The portal's Content-Security-Policy has no unsafe-eval and no unsafe-inline. So no template may
// use hx-on:*, js: values or a [condition] in hx-trigger, nor a style or on* attribute. Every page's
// head carries, before this script:
//
//   <meta name="htmx-config" content="includeIndicatorCSS:false extensions:sse">
//
// (the indicator's rules are in app.css; no extension but the one imported here may register).
// All words come from the server, in attributes, so that they are translated there.

import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./lists.js";

const root = document.documentElement;

function toast(text) {
  const list = document.getElementById("toasts"); // role="status", so it is read aloud
  if (!list || !text) return;
  const item = document.createElement("p");
  item.className = "toast";
  item.textContent = text;
  list.append(item);
  setTimeout(() => item.remove(), 6000);
}

// <theme-toggle data-auto="Theme: as the system" data-light="…" data-dark="…"><button>…
// The server writes data-theme on <html> from the cookie, so that no page flashes.
class ThemeToggle extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
    this.describe();
  }

  handleEvent() {
    const themes = ["auto", "light", "dark"];
    const theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    const secure = location.protocol === "https:" ? "; secure" : "";
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
    this.describe();
  }

  describe() {
    const text = this.dataset[root.dataset.theme ?? "auto"];
    const button = this.querySelector("button");
    if (!text || !button) return;
    button.title = text;
    button.setAttribute("aria-label", text);
  }
}

// <copy-link href="/systems/AL2001?at=…" data-done="Link copied"><button>…
// Copies the absolute address of href, or of the page; with text="…" that text as it is.
class CopyLink extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
  }

  async handleEvent() {
    const link = new URL(this.getAttribute("href") ?? location.href, location.href).href;
    await copy(this.getAttribute("text") ?? link);
    toast(this.dataset.done);
  }
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http in a local network has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

customElements.define("theme-toggle", ThemeToggle);
customElements.define("copy-link", CopyLink);

// data-key="/" or data-key="g h" on a field or a link is its shortcut. <html data-shortcuts="off">
// switches all of them off (WCAG 2.1.4).
let prefix = "";
let forget = 0;

function shortcut(event) {
  if (event.defaultPrevented || root.dataset.shortcuts === "off" || isTyping(event)) return;
  const keys = prefix ? `${prefix} ${event.key}` : event.key;
  const target = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
  clearTimeout(forget);
  prefix = target ? "" : event.key;
  forget = setTimeout(() => (prefix = ""), 1000);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, select, textarea")) target.focus();
  else target.click();
}

function isTyping(event) {
  return (
    event.isComposing || event.keyCode === 229 || // an input method is at work
    event.ctrlKey || event.metaKey || event.altKey ||
    event.target.closest?.("input, select, textarea, [contenteditable]") ||
    document.querySelector("dialog:modal")
  );
}

document.addEventListener("keydown", shortcut);

// <html data-live> says whether the page's stream is up: old numbers must not look live.
document.addEventListener("htmx:sse:after:connection", () => (root.dataset.live = "on"));
document.addEventListener("htmx:sse:error", () => (root.dataset.live = "off"));
document.addEventListener("htmx:sse:close", () => (root.dataset.live = "off"));

// <time data-since="ms"> counts on by itself; the server's clock (<html data-now>) is the one that
// counts. The words are those of `age` in presentation/times.py.
const skew = Number(root.dataset.now ?? Date.now()) - Date.now();
const STEPS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function ago(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const found = STEPS.find(([step]) => seconds >= step);
  return found ? `${Math.floor(seconds / found[0])} ${found[1]} ago` : "now";
}

function tick() {
  const now = Date.now() + skew;
  for (const time of document.querySelectorAll("time[data-since]")) {
    const text = ago(now - Number(time.dataset.since));
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(tick, 1000);

// <motion-toggle data-pause="…" data-play="…"><button>… stops and moves all that moves (WCAG 2.2.2).
// <html data-motion="off"> is what app.css looks at, so a part that is swapped anew stays stopped.
class MotionToggle extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
    this.describe();
  }

  handleEvent() {
    root.dataset.motion = root.dataset.motion === "off" ? "on" : "off";
    this.describe();
  }

  describe() {
    const off = root.dataset.motion === "off";
    const button = this.querySelector("button");
    button.setAttribute("aria-label", off ? this.dataset.play : this.dataset.pause);
    button.setAttribute("aria-pressed", String(off));
  }
}

customElements.define("motion-toggle", MotionToggle);
