// The editor of a tariff plan. The form's selects hold what is saved; this draws them as cells.

const PAINTED = "12345678";

// <tariff-bands> shows the empty rows of bands one by one.
class TariffBands extends HTMLElement {
  connectedCallback() {
    const more = this.querySelector("[data-more]");
    for (const row of this.#spare()) row.hidden = ![...row.querySelectorAll("input")].some((f) => f.value);
    more.hidden = !this.#spare().length;
    more.addEventListener("click", () => {
      const [row] = this.#spare().filter((each) => each.hidden);
      row.hidden = false;
      row.querySelector("input").focus();
      more.hidden = !this.#spare().some((each) => each.hidden);
    });
  }

  #spare() {
    return [...this.querySelectorAll("tr[data-spare]")];
  }
}

// <tariff-days> holds a fieldset of 48 selects for each type of day.
class TariffDays extends HTMLElement {
  #days = [];
  #brush = "1";
  #drag = null;

  connectedCallback() {
    this.#days = [...this.querySelectorAll(".day")].map((fieldset) => this.#draw(fieldset));
    this.querySelector("[data-help]").hidden = false;
    this.prepend(this.#palette());
    this.#rename();
    this.addEventListener("pointerdown", (event) => this.#press(event));
    this.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.addEventListener(end, () => this.#release());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.closest("form").addEventListener("input", (event) => {
      if (event.target.name === "band") this.#rename();
    });
  }

  #draw(fieldset) {
    const selects = [...fieldset.querySelectorAll("select")];
    const list = document.createElement("div");
    list.className = "cells";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-multiselectable", "true");
    list.setAttribute("aria-label", fieldset.querySelector("legend").textContent);
    list.setAttribute("aria-describedby", "days-help");
    const cells = selects.map((select, n) => {
      const cell = document.createElement("div");
      cell.className = "cell";
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-selected", "false");
      cell.tabIndex = n ? -1 : 0;
      if (n % 2 === 0) cell.dataset.hour = select.dataset.times.slice(0, 2);
      return cell;
    });
    list.append(...cells);
    const holder = fieldset.querySelector(".half-hours");
    holder.hidden = true;
    holder.after(list);
    const table = fieldset.querySelector("[data-stretches] tbody");
    return { name: fieldset.dataset.day, selects, cells, list, table, anchor: 0, at: 0 };
  }

  #palette() {
    const bar = document.createElement("div");
    bar.className = "row palette";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", this.dataset.brush);
    for (const value of [...PAINTED, ""]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.dataset.value = value;
      button.addEventListener("click", () => this.#take(value));
      bar.append(button);
    }
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "button quiet";
    copy.textContent = this.dataset.copy;
    copy.addEventListener("click", () => this.#copy());
    bar.append(copy);
    return bar;
  }

  #take(value) {
    this.#brush = value;
    for (const button of this.querySelectorAll(".palette [data-value]"))
      button.setAttribute("aria-pressed", String(button.dataset.value === value));
  }

  // The names of the bands as they stand in their fields: of buttons, options and tables.
  #rename() {
    const names = [...this.closest("form").querySelectorAll('input[name="band"]')].map((f) => f.value.trim());
    this.names = ["", ...names];
    for (const button of this.querySelectorAll(".palette [data-value]")) {
      const { value } = button.dataset;
      button.hidden = Boolean(value) && !this.names[value];
      const mark = document.createElement("span");
      mark.className = "band";
      mark.dataset.band = value || "0";
      mark.textContent = value || "0";
      button.replaceChildren(mark, value ? this.names[value] : this.dataset.clear);
    }
    this.#take(this.names[this.#brush] ? this.#brush : "1");
    for (const day of this.#days) this.#show(day);
  }

  #show(day) {
    day.selects.forEach((select, n) => {
      const cell = day.cells[n];
      for (const option of select.options) if (option.value) option.text = `${option.value} ${this.names[option.value]}`;
      cell.dataset.band = select.value || "0";
      cell.textContent = select.value || "–";
      cell.setAttribute("aria-label", [select.dataset.times, select.value, this.names[select.value] || this.dataset.none].filter(Boolean).join(" "));
    });
    day.table.replaceChildren(...this.#stretches(day).map(([times, value]) => this.#row(times, value)));
  }

  #stretches(day) {
    const found = [];
    day.selects.forEach((select) => {
      const [start, end] = select.dataset.times.split("–");
      const last = found.at(-1);
      if (last?.value === select.value) last.end = end;
      else found.push({ start, end, value: select.value });
    });
    return found.map(({ start, end, value }) => [`${start}–${end}`, value]);
  }

  #row(times, value) {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = times;
    const cell = document.createElement("td");
    if (value) {
      const mark = document.createElement("span");
      mark.className = "band";
      mark.dataset.band = mark.textContent = value;
      cell.append(mark, ` ${this.names[value]}`);
    } else cell.textContent = this.dataset.none;
    row.append(head, cell);
    return row;
  }

  #dayOf(cell) {
    return this.#days.find((day) => day.list.contains(cell));
  }

  #choose(day, at, extend) {
    day.at = at;
    if (!extend) day.anchor = at;
    for (const other of this.#days)
      other.cells.forEach((cell, n) => {
        const [low, high] = [Math.min(other.anchor, other.at), Math.max(other.anchor, other.at)];
        cell.setAttribute("aria-selected", String(other === day && low <= n && n <= high));
        if (other === day) cell.tabIndex = n === at ? 0 : -1;
      });
  }

  #paint(day, value) {
    const [low, high] = [Math.min(day.anchor, day.at), Math.max(day.anchor, day.at)];
    for (const select of day.selects.slice(low, high + 1)) select.value = value;
    this.#show(day);
    const times = `${day.selects[low].dataset.times.split("–")[0]}–${day.selects[high].dataset.times.split("–")[1]}`;
    const band = this.names[value] || this.dataset.none;
    this.querySelector("[data-announce]").textContent = `${day.name} ${times}: ${band}`;
  }

  #copy() {
    const [from, to] = this.#days;
    to.selects.forEach((select, n) => (select.value = from.selects[n].value));
    this.#show(to);
  }

  #press(event) {
    const cell = event.target.closest(".cell");
    if (!cell || event.button) return;
    event.preventDefault(); // no text is to be chosen meanwhile
    const day = this.#dayOf(cell);
    this.#drag = day;
    cell.focus();
    this.#choose(day, day.cells.indexOf(cell), event.shiftKey);
  }

  #move(event) {
    if (!this.#drag) return;
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest(".cell");
    const at = this.#drag.cells.indexOf(cell);
    if (at >= 0) this.#choose(this.#drag, at, true);
  }

  #release() {
    if (!this.#drag) return;
    this.#paint(this.#drag, this.#brush);
    this.#drag = null;
  }

  #key(event) {
    const day = this.#dayOf(event.target);
    if (!day || event.altKey) return;
    const last = day.cells.length - 1;
    const columns = getComputedStyle(day.list).gridTemplateColumns.split(" ").length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const ends = { Home: 0, End: last };
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      this.#choose(day, 0, false);
      this.#choose(day, last, true);
    } else if (event.ctrlKey || event.metaKey) return;
    else if (event.key in steps) this.#choose(day, clamp(day.at + steps[event.key], last), event.shiftKey);
    else if (event.key in ends) this.#choose(day, ends[event.key], event.shiftKey);
    else if (PAINTED.includes(event.key) && this.names[event.key]) {
      this.#take(event.key);
      this.#paint(day, event.key);
    } else if (["0", "Delete", "Backspace"].includes(event.key)) this.#paint(day, "");
    else if ([" ", "Enter"].includes(event.key)) this.#paint(day, this.#brush);
    else return;
    event.preventDefault();
    day.cells[day.at].focus();
  }
}

function clamp(number, most) {
  return Math.max(0, Math.min(most, number));
}

customElements.define("tariff-bands", TariffBands);
customElements.define("tariff-days", TariffDays);
