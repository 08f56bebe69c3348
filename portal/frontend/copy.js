import { toast } from "./toast.js";

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

customElements.define("copy-link", CopyLink);
