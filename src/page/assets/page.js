"use strict";
// What moves in the page: languages, light and dark, curves, the cell that is pointed at, tables that are sorted.
// The page can be read without it.
(() => {
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const facts = JSON.parse(find("facts").textContent);
  const words = (name) => facts.words[root.lang][name];
  const filled = (sentence, values) => sentence.replace(/\{(\d)\}/g, (_, at) => values[at]);
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.add("js");

  // Curves: a field for each value, all with the same range of epochs.
  const SERIES = ["#2f86c9", "#e0762b"];
  const HEIGHT = 250;
  const { epochs, fields, marks } = facts.curves;
  const holder = find("plots");
  const smooth = find("smooth"), from = find("from"), to = find("to"), log = find("log");
  let plots = [];

  // The mean of all values so far, the last ones counting most: as TensorBoard, with its correction of the start.
  const smoothed = (values, weight) => {
    let sum = 0, counted = 0;
    return values.map((value) => {
      if (value === null) return null;
      sum = sum * weight + value * (1 - weight);
      counted = counted * weight + (1 - weight);
      return sum / counted;
    });
  };

  const shown = (value) => {
    if (value === null || value === undefined) return "-";
    return value !== 0 && (Math.abs(value) < 1e-2 || Math.abs(value) >= 1e5) ? value.toExponential(3) : value.toFixed(4);
  };

  // Epochs at which a phase begins, the best one, the one that a callback ended training after.
  const drawMarks = (plot) => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.fillStyle = ctx.strokeStyle = color("faint");
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    let row = 0;
    for (const mark of marks) {
      const x = plot.valToPos(mark.epoch, "x", true);
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const text = mark.kind === "phase" ? mark.name : mark.kind === "best" ? `${words("best")} ${mark.name}` : words("stopped");
      const isRight = x > bbox.left + bbox.width * 0.6;
      ctx.textAlign = isRight ? "right" : "left";
      ctx.fillText(text, x + (isRight ? -4 : 4) * ratio, bbox.top + (12 + 13 * (row++ % 3)) * ratio);
    }
    ctx.restore();
  };

  const series = (field) => {
    const weight = Number(smooth.value);
    const lines = [{ label: words("epoch") }], data = [epochs];
    field.series.forEach(({ name, values }, at) => {
      const stroke = SERIES[at];
      if (weight > 0) {
        lines.push({ label: name, stroke: stroke + "44", width: 1, points: { show: false }, value: (_, value) => shown(value) });
        data.push(values);
      }
      lines.push({
        label: weight > 0 ? `${name} ~` : name, stroke, width: 2, dash: at ? [6, 4] : undefined,
        points: { show: epochs.length < 30, size: 5 }, value: (_, value) => shown(value),
      });
      data.push(weight > 0 ? smoothed(values, weight) : values);
    });
    return { lines, data };
  };

  const range = () => {
    const low = epochs[0], high = epochs[epochs.length - 1];
    const [a, b] = [Number(from.value), Number(to.value)];
    return a < b ? [a, b] : low < high ? [low, high] : [low - 1, high + 1];
  };

  // After a zoom of one field the others follow, and the controls say it.
  let following = false;
  const follow = (plot) => {
    // one that has been replaced meanwhile says nothing any more
    if (following || !plots.includes(plot)) return;
    following = true;
    const { min, max } = plot.scales.x;
    for (const other of plots) if (other !== plot) other.setScale("x", { min, max });
    from.value = Math.round(min);
    to.value = Math.round(max);
    following = false;
  };

  const draw = () => {
    if (!holder) return;
    const [min, max] = range();
    plots.forEach((plot) => plot.destroy());
    plots = [];
    holder.textContent = "";
    // all places first: how wide one is depends on how many there are
    const places = fields.map((field) => {
      const place = document.createElement("div"), title = document.createElement("h4");
      title.textContent = field.name;
      place.append(title);
      holder.append(place);
      return place;
    });
    fields.forEach((field, at) => {
      const place = places[at];
      const { lines, data } = series(field);
      const isLog = log.checked && field.series.every(({ values }) => values.every((value) => value === null || value > 0));
      const axis = { stroke: color("faint"), grid: { stroke: color("rule"), width: 1 }, ticks: { stroke: color("rule"), width: 1 } };
      const plot = new uPlot({
        width: place.clientWidth, height: HEIGHT, series: lines,
        cursor: { sync: { key: "epochs" }, drag: { x: true, y: false } },
        scales: { x: { time: false, min, max }, y: isLog ? { distr: 3 } : {} },
        axes: [
          { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], space: 44 },
          { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : String(Number(tick.toPrecision(3))))) },
        ],
        hooks: { drawAxes: [drawMarks], setScale: [(plot, scale) => scale === "x" && follow(plot)] },
      }, data, place);
      plots.push(plot);
    });
  };

  const resize = () => plots.forEach((plot) => plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT }));
  if (holder) {
    const [low, high] = [epochs[0], epochs[epochs.length - 1]];
    for (const input of [from, to]) Object.assign(input, { min: low, max: high });
    const whole = () => {
      from.value = low;
      to.value = high;
      draw();
    };
    const zoom = () => {
      const [min, max] = range();
      following = true;
      plots.forEach((plot) => plot.setScale("x", { min, max }));
      following = false;
    };
    from.addEventListener("input", zoom);
    to.addEventListener("input", zoom);
    smooth.addEventListener("input", draw);
    log.addEventListener("change", draw);
    find("whole").addEventListener("click", whole);
    addEventListener("resize", resize);
    whole();
  }

  // The confusion matrix: the cell that is pointed at, tapped, or reached by the arrows.
  const matrix = find("matrix");
  if (matrix && facts.confusion) {
    const { names, all, cells } = facts.confusion;
    const [side, left] = [Number(matrix.dataset.side), Number(matrix.dataset.left)];
    const counts = new Map(cells.map(([truth, answer, count, pictures]) => [truth * names.length + answer, [count, pictures]]));
    const cursor = find("cursor");
    let at = null;
    const tell = () => {
      if (!at) return;
      const [truth, answer] = at;
      const [count, pictures] = counts.get(truth * names.length + answer) || [0, []];
      const share = all[truth] ? ((100 * count) / all[truth]).toFixed(1) : "0.0";
      cursor.setAttribute("x", left + answer * side);
      cursor.setAttribute("y", left + truth * side);
      cursor.setAttribute("visibility", "visible");
      const sentence = filled(words("cell"), [names[truth], names[answer], count, all[truth], share]);
      const named = pictures.length ? `; ${filled(words("suchAs"), [pictures.join(", ")])}` : "";
      find("cell").textContent = sentence + named;
    };
    const point = (event) => {
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.getScreenCTM().inverse());
      const [answer, truth] = [place.x, place.y].map((value) => Math.floor((value - left) / side));
      if (answer < 0 || truth < 0 || answer >= names.length || truth >= names.length) return;
      at = [truth, answer];
      tell();
    };
    matrix.addEventListener("pointermove", point);
    matrix.addEventListener("pointerdown", point);
    matrix.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const within = (value) => Math.min(Math.max(value, 0), names.length - 1);
      at = at ? [within(at[0] + step[0]), within(at[1] + step[1])] : [0, 0];
      tell();
    });
    addEventListener("languagechange-of-page", tell);
  }

  // Tables are sorted by a column, numbers from the largest on; a second click turns the order.
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("thead th").forEach((heading, column) => {
      let turn = heading.classList.contains("n") ? -1 : 1;
      heading.addEventListener("click", () => {
        const body = table.tBodies[0];
        const key = (row) => row.cells[column].textContent.replace(/,(?=\d{3})/g, "");
        const order = (a, b) => {
          const [x, y] = [Number(key(a)), Number(key(b))];
          if (Number.isNaN(x) || Number.isNaN(y)) return key(a).localeCompare(key(b), undefined, { numeric: true });
          return x - y;
        };
        const rows = [...body.rows].sort((a, b) => turn * order(a, b));
        body.append(...rows);
        turn = -turn;
      });
    });
  }

  // Copying, where the browser lets a page from disk do it: else the text is selected.
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const source = find(button.dataset.of);
      const text = source.rows ? [...source.rows].map((row) => row.cells[1].textContent).join("\n") + "\n" : source.textContent;
      try {
        await navigator.clipboard.writeText(text);
        const before = [...button.childNodes];
        button.textContent = words("copied");
        setTimeout(() => button.replaceChildren(...before), 1200);
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
  }

  find("language").addEventListener("click", () => {
    root.lang = root.lang === "ko" ? "en" : "ko";
    dispatchEvent(new Event("languagechange-of-page"));
    draw();
  });
  find("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // On paper all that is folded is open.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((part) => (part.open = false)));
})();
