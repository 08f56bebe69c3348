// <power-chart src="/systems/AL2001/power.json?day=2026-11-22" label="Power on …" sync="day">
//
// Draws uPlot curves of the JSON document at src:
//   {"zone": "Europe/Berlin", "time": [unix seconds, ascending],
//    "series": [{"label": "Solar", "unit": "W", "role": "pv.power", "values": [1200, null, …]}]}
// A null is a gap and stays one. "faults": [{"label", "severity", "from", "to"}] in unix seconds are
// drawn as bands behind the curves. The first unit has the left axis, any other the right one. What
// stands inside the element (a table, or a link to it) stays: a canvas says nothing to a screen
// reader. Dragging zooms and fires "chart:range" with {from, to} in unix seconds; a double click
// goes back. With sync="name" the charts of one name share their cursor. Where htmx morphs the page
// around it, give it hx-morph-skip-children.

import uPlot from "uplot";

const INK = "--ink-2";
const STYLES = {
  pv: { color: "--energy-pv", dash: [] },
  load: { color: "--energy-load", dash: [7, 3] },
  battery: { color: "--energy-battery", dash: [2, 2] },
  grid: { color: "--energy-grid", dash: [8, 3, 2, 3] },
};
const SOC = { color: "--ink", dash: [4, 4] };
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
    this.plot = new uPlot(this.options(), [time, ...series.map((one) => one.values)], this.stage);
  }

  options() {
    const { zone, series } = this.data;
    const units = [...new Set(series.map((one) => one.unit))];
    const sync = this.getAttribute("sync");
    return {
      ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      cursor: sync ? { sync: { key: sync } } : {},
      hooks: {
        setSelect: [(plot) => this.announce(plot)],
        drawClear: [(plot) => this.shade(plot)],
      },
      series: [{ value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...series.map((one) => this.curve(one))],
      axes: [
        { ...this.axis(), values: CLOCK },
        ...units.map((unit, index) => ({
          ...this.axis(),
          scale: unit,
          side: index === 0 ? 3 : 1,
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

  curve({ label, unit, role = "" }) {
    const style = role.endsWith(".soc") ? SOC : (STYLES[role.split(".")[0]] ?? { color: INK });
    return {
      label,
      scale: unit,
      stroke: this.color(style.color),
      dash: style.dash,
      width: 1.5,
      points: { show: false },
      value: (_plot, value) => (value === null ? "–" : number(value, unit)),
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
  }

  color(token) {
    this.stage.style.color = `var(${token})`; // resolves light-dark(), which a property's text is not
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
  return `${text} ${unit}`;
}

customElements.define("power-chart", PowerChart);
