// What the reader chose for this browser. The server reads the cookies, so that no page flashes.

const root = document.documentElement;

export function keep(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const text = encodeURIComponent(value);
  document.cookie = `${name}=${text}; path=/; max-age=31536000; samesite=lax${secure}`;
}

// The reader's own zone, for the clock "mine".
keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");

// <choice-toggle name="theme" data-values="auto light dark" data-auto="Theme: as the system" …>
// holds a button with a <span data-for="auto"> for each value; <html data-theme> says which it is.
class ChoiceToggle extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
    this.describe();
  }

  get name() {
    return this.getAttribute("name");
  }

  handleEvent() {
    const values = this.dataset.values.split(" ");
    root.dataset[this.name] = values[(values.indexOf(root.dataset[this.name]) + 1) % values.length];
    keep(this.name, root.dataset[this.name]);
    for (const other of document.querySelectorAll("choice-toggle")) other.describe();
  }

  describe() {
    const value = root.dataset[this.name];
    const button = this.querySelector("button");
    for (const part of button.children) part.hidden = part.dataset.for !== value;
    if (!button.hasAttribute("aria-label")) return; // its words are to be seen
    button.title = this.dataset[value];
    button.setAttribute("aria-label", this.dataset[value]);
  }
}

customElements.define("choice-toggle", ChoiceToggle);

// <menu-group data-group="…"><details>… stays shut where the reader shut it.
class MenuGroup extends HTMLElement {
  connectedCallback() {
    this.querySelector("details").addEventListener("toggle", this);
  }

  handleEvent() {
    const shut = [...document.querySelectorAll("menu-group:has(> details:not([open]))")];
    keep("shut", shut.map((group) => group.dataset.group).join("."));
  }
}

customElements.define("menu-group", MenuGroup);
