"use strict";
// What the pages have in common that cnnc serves while it runs: words, light and dark, their own addresses, plots.
const served = (() => {
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const facts = JSON.parse(find("facts").textContent);
  const token = new URLSearchParams(location.search).get("token") ?? "";
  const words = (name, ...values) => facts.words[root.lang][name].replace(/\{(\d)\}/g, (_, at) => values[at]);
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const address = (path, values = {}) => `${path}?${new URLSearchParams({ ...values, token })}`;
  root.classList.add("js");

  // Told when the language or the light has changed.
  const listeners = [];
  const changed = () => listeners.forEach((listener) => listener());
  find("language").addEventListener("click", () => (root.lang = root.lang === "ko" ? "en" : "ko"));
  find("theme").addEventListener("click", () => (root.dataset.theme = isDark() ? "light" : "dark"));
  new MutationObserver(changed).observe(root, { attributeFilter: ["lang", "data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);

  const shown = (value) => {
    if (value === null || value === undefined) return "-";
    return value !== 0 && (Math.abs(value) < 1e-2 || Math.abs(value) >= 1e5) ? value.toExponential(3) : value.toFixed(4);
  };

  const time = (seconds) => {
    if (seconds === null || seconds === undefined) return "-";
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  };

  const element = (name, text, of = {}) => Object.assign(document.createElement(name), { textContent: text, ...of });

  // Plots of fields, `{ name, lines: [{ label, stroke, dash, values }] }`, over the same epochs. What has only
  // grown is drawn into the plots that are there, with the range that was zoomed to.
  const HEIGHT = 250;
  const plots = (holder) => {
    let drawn = [], shape = "", zoomed = false, latest = null;
    const zoomTo = (plot) => {
      if (!zoomed || !drawn.includes(plot)) return;
      const { min, max } = plot.scales.x;
      for (const other of drawn) {
        if (other !== plot && (other.scales.x.min !== min || other.scales.x.max !== max)) other.setScale("x", { min, max });
      }
    };
    const options = (field, width) => {
      const axis = { stroke: color("faint"), grid: { stroke: color("rule"), width: 1 }, ticks: { stroke: color("rule"), width: 1 } };
      const line = ({ label, stroke, dash }) => ({
        label, stroke, dash, width: 2, value: (_, value) => shown(value),
        points: { show: (plot) => plot.data[0].length < 30, size: 5 },
      });
      return {
        width, height: HEIGHT, series: [{ label: words("epoch") }, ...field.lines.map(line)],
        cursor: { sync: { key: "epochs" }, drag: { x: true, y: false } },
        scales: { x: { time: false, range: (_, min, max) => (min === max ? [min - 1, max + 1] : [min, max]) } },
        axes: [
          { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], space: 44 },
          { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : String(Number(tick.toPrecision(3))))) },
        ],
        hooks: {
          setSelect: [(plot) => (zoomed = zoomed || plot.select.width > 0)],
          setScale: [(plot, scale) => scale === "x" && zoomTo(plot)],
        },
      };
    };
    const data = (epochs, field) => [epochs, ...field.lines.map(({ values }) => values)];
    const build = () => {
      const { epochs, fields } = latest;
      drawn.forEach((plot) => plot.destroy());
      [drawn, zoomed] = [[], false];
      holder.textContent = "";
      // all places first: how wide one is depends on how many there are
      const places = fields.map(({ name }) => {
        const place = document.createElement("div");
        place.append(element("h4", name));
        holder.append(place);
        return place;
      });
      drawn = fields.map((field, at) => new uPlot(options(field, places[at].clientWidth), data(epochs, field), places[at]));
    };
    const show = (epochs, fields) => {
      latest = { epochs, fields };
      const now = JSON.stringify(fields.map(({ name, lines }) => [name, lines.map(({ label, stroke }) => [label, stroke])]));
      if (now !== shape) {
        shape = now;
        return build();
      }
      fields.forEach((field, at) => {
        drawn[at].setData(data(epochs, field), !zoomed);
        if (zoomed) drawn[at].redraw();
      });
    };
    // two clicks show all again
    holder.addEventListener("dblclick", () => {
      zoomed = false;
      if (latest) show(latest.epochs, latest.fields);
    }, true);
    listeners.push(() => latest && build());
    addEventListener("resize", () => {
      for (const plot of drawn) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
    });
    return { show };
  };

  return { find, facts, words, address, shown, time, element, plots, whenChanged: (listener) => listeners.push(listener) };
})();
