// What the pages have in common that cnnc serves while it runs: their own addresses, and plots.
const served = (() => {
  const { words, color, shown, element, whenChanged } = base;
  const token = new URLSearchParams(location.search).get("token") ?? "";
  const address = (path, values = {}) => `${path}?${new URLSearchParams({ ...values, token })}`;

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
    whenChanged(() => latest && build());
    addEventListener("resize", () => {
      for (const plot of drawn) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
    });
    return { show };
  };

  return { ...base, address, plots };
})();
