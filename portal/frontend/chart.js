// <power-chart src="/systems/AL2001/power.json?day=2026-11-22" label="Power on …" sync="day">
//
// Draws uPlot curves of the JSON document at src:
//   {"zone": "Europe/Berlin", "time": [unix seconds, ascending],
//    "series": [{"label": "Solar", "unit": "W", "role": "pv.power", "values": [1200, null, …]}]}
// A null is a gap and stays one. A series may have a "time" of its own; one without a role has the
// colour of its place, and one that is "stepped" keeps its value until the next. "from" and "to" are
// the ends of the time axis where that is wider than the curves. "faults": [{"label", "severity",
// "from", "to"}] in unix seconds are drawn as bands behind the curves. Each unit has an axis, the
// first one on the left. What stands inside the element (a table, or a link to it) stays: a canvas
// says nothing to a screen reader. Dragging zooms and fires "chart:range" with {from, to} in unix
// seconds; a double click goes back. With zoom="/address?query" it goes there, with from and to.
// With sync="name" the charts of one name share their cursor. Where htmx morphs the page around it,
// give it hx-morph-skip-children.

import uPlot from "uplot";

const INK = "--ink-2";
const NONE = "number"; // the scale of what has no unit
const STYLES = {
  pv: { color: "--energy-pv", dash: [] },
  load: { color: "--energy-load", dash: [7, 3] },
  battery: { color: "--energy-battery", dash: [2, 2] },
  grid: { color: "--energy-grid", dash: [8, 3, 2, 3] },
};
const SOC = { color: "--ink", dash: [4, 4] };
const DASHES = [[], [7, 3], [2, 2], [8, 3, 2, 3]];
const HUES = [250, 40, 145, 320, 90, 195]; // of neighbouring curves far apart; then the next dash
const CLOCK = [
  [86400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

class PowerChart extends HTMLElement {
  static observedAttributes = ["src"];

  connectedCallback() {
    this.stage = document.createElement("div");
    this.stage.className = "chart-stage";
    this.stage.setAttribute("role", "img");
    this.stage.setAttribute("aria-label", this.getAttribute("label") ?? "");
    this.prepend(this.stage);
    this.sizes = new ResizeObserver(() => this.plot?.setSize(this.size()));
    this.sizes.observe(this.stage);
    this.themes = new MutationObserver(() => this.draw());
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
    for (const query of this.media) query.addEventListener("change", this);
    this.refresh();
  }

  disconnectedCallback() {
    this.sizes.disconnect();
    this.themes.disconnect();
    for (const query of this.media) query.removeEventListener("change", this);
    this.plot?.destroy();
    this.stage.remove();
  }

  attributeChangedCallback(_name, before) {
    if (before !== null && this.isConnected) this.refresh();
  }

  handleEvent() {
    this.draw();
  }

  async refresh() {
    const src = this.getAttribute("src");
    if (!src) return;
    try {
      const response = await fetch(src, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      this.data = await response.json();
      delete this.dataset.failed;
      this.draw();
    } catch (error) {
      this.dataset.failed = error.message; // app.css shows it in place of the curves
    }
  }

  draw() {
    if (!this.data || !this.isConnected) return;
    this.plot?.destroy();
    const { time, series } = this.data;
    const drawn = time
      ? [time, ...series.map((one) => one.values)]
      : uPlot.join(series.map((one) => [one.time, one.values]));
    this.toggleAttribute("data-nothing", drawn[0].length === 0);
    this.plot = new uPlot(this.options(), drawn, this.stage);
  }

  options() {
    const { zone, series, from, to } = this.data;
    const units = [...new Set(series.map(scaleOf))];
    const sync = this.getAttribute("sync");
    return {
      ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      cursor: sync ? { sync: { key: sync } } : {},
      hooks: {
        setSelect: [(plot) => this.announce(plot)],
        drawClear: [(plot) => this.shade(plot)],
      },
      scales: from ? { x: { range: [from, to] } } : {},
      series: [{ value: `{YYYY}-{MM}-{DD} {HH}:{mm}${from ? ":{ss}" : ""}` }, ...series.map((one, n) => this.curve(one, n))],
      axes: [
        { ...this.axis(), values: CLOCK },
        ...units.map((unit, index) => ({
          ...this.axis(),
          scale: unit,
          side: index % 2 === 0 ? 3 : 1,
          show: index < 2 || this.clientWidth > 200 * units.length,
          grid: { show: index === 0, stroke: this.color("--line"), width: 1 },
          values: (_plot, ticks) => ticks.map((tick) => number(tick, unit)),
          size: 76,
        })),
      ],
    };
  }

  shade(plot) {
    const { left, top, width, height } = plot.bbox;
    const { ctx } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.fillStyle = ctx.strokeStyle = this.color("--danger");
    for (const fault of this.data.faults ?? []) {
      const [from, to] = [fault.from, fault.to].map((at) => plot.valToPos(at, "x", true));
      const span = Math.max(to - from, 2);
      ctx.globalAlpha = 0.1;
      ctx.fillRect(from, top, span, height);
      ctx.globalAlpha = 1;
      ctx.strokeRect(from, top, span, height);
      ctx.fillText(fault.label, from + 4, top + 14);
    }
    ctx.restore();
  }

  curve(one, place) {
    const { label, unit, role, stepped } = one;
    const style = role === undefined ? placed(place) : roled(role);
    return {
      label,
      scale: scaleOf(one),
      stroke: this.color(style.color),
      dash: style.dash,
      width: 1.5,
      paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: one.time ? { show: true, size: 4, filter: lonely } : { show: false },
      value: (_plot, value) => (value == null ? "–" : number(value, unit)),
    };
  }

  axis() {
    return {
      stroke: this.color(INK),
      font: "12px system-ui, sans-serif",
      grid: { stroke: this.color("--line"), width: 1 },
      ticks: { stroke: this.color("--line"), width: 1 },
    };
  }

  announce(plot) {
    if (plot.select.width === 0) return;
    const [from, to] = [0, plot.select.width].map((x) => plot.posToVal(plot.select.left + x, "x"));
    this.dispatchEvent(new CustomEvent("chart:range", { bubbles: true, detail: { from, to } }));
    const there = this.getAttribute("zoom");
    if (there) location.assign(`${there}&from=${moment(from)}&to=${moment(Math.max(to, from + 1))}`);
  }

  color(token) {
    this.stage.style.color = token.startsWith("--") ? `var(${token})` : token; // resolves light-dark(), which a property's text is not
    const color = getComputedStyle(this.stage).color;
    this.stage.style.color = "";
    return color;
  }

  size() {
    return { width: Math.max(this.clientWidth, 240), height: Number(this.getAttribute("height") ?? 280) };
  }
}

function number(value, unit) {
  const text = new Intl.NumberFormat(document.documentElement.lang || "en", {
    maximumSignificantDigits: 4,
  }).format(value);
  return `${text} ${unit === NONE ? "" : unit}`.trim();
}

function scaleOf({ unit }) {
  return unit || NONE;
}

function moment(seconds) {
  return new Date(Math.round(seconds) * 1000).toISOString();
}

function roled(role) {
  return role.endsWith(".soc") ? SOC : (STYLES[role.split(".")[0]] ?? { color: INK });
}

function placed(place) {
  const hue = HUES[place % HUES.length];
  return {
    color: `light-dark(oklch(48% 0.16 ${hue}), oklch(78% 0.13 ${hue}))`,
    dash: DASHES[Math.floor(place / HUES.length) % DASHES.length],
  };
}

// A value between two breaks is no line: it is drawn as a point.
function lonely(plot, place) {
  const known = plot.data[place].map((value, n) => [value, n]).filter(([value]) => value !== undefined);
  return known
    .filter(([value], n) => value !== null && (known[n - 1]?.[0] ?? null) === null && (known[n + 1]?.[0] ?? null) === null)
    .map(([, n]) => n);
}

customElements.define("power-chart", PowerChart);
