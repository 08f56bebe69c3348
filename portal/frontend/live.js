// What shows that time goes by: the stream's state, ages, and things that move.

const root = document.documentElement;

// <html data-live> says whether the page's stream is up: old numbers must not look live.
document.addEventListener("htmx:sse:after:connection", () => (root.dataset.live = "on"));
document.addEventListener("htmx:sse:error", () => (root.dataset.live = "off"));
document.addEventListener("htmx:sse:close", () => (root.dataset.live = "off"));

// <time data-since="ms"> counts on by itself; the server's clock (<html data-now>) is the one that
// counts. The words are those of `age` in presentation/times.py, in <html data-ages>.
const skew = Number(root.dataset.now ?? Date.now()) - Date.now();
const STEPS = [86400, 3600, 60, 1];
const WORDS = (root.dataset.ages ?? "").split("|");

function ago(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const place = STEPS.findIndex((step) => seconds >= step);
  if (place < 0) return WORDS[STEPS.length];
  return WORDS[place].replace("%(number)s", Math.floor(seconds / STEPS[place]));
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
