// All runs below a folder: sorted by a click, chosen ones drawn over each other.
(() => {
  const { find, facts, words, address, shown, time, element, sortable } = served;
  const COLORS = ["#2f86c9", "#e0762b", "#2b9a68", "#8b6fd0", "#c9302c", "#b8860b", "#0e8f8f", "#7f6b5d"];
  const RATE = "learning_rate";
  const names = new Map(facts.runs);
  const table = find("list"), searches = find("list-of-searches");

  for (const link of document.querySelectorAll("a.report")) link.href = address("/report", { run: link.dataset.run });
  for (const link of document.querySelectorAll("a.search")) link.href = address("/search", { run: link.dataset.run });
  for (const cell of document.querySelectorAll(".when")) {
    if (!cell.dataset.key) continue;
    const at = new Date(1000 * Number(cell.dataset.key));
    const two = (number) => String(number).padStart(2, "0");
    cell.textContent =
      `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
  if (searches) sortable(searches);
  if (!table) return;

  sortable(table);

  // In the order in which they were chosen: the first is what the others are compared with.
  let chosen = [];
  const colorOf = (run) => COLORS[chosen.indexOf(run) % COLORS.length];
  const curves = served.plots(find("plots"));
  let compared = null;

  const refuse = (sentence) => {
    find("refused").hidden = !sentence;
    find("refused").textContent = sentence;
  };

  const swatch = (run) => {
    const mark = element("i", "");
    mark.style.background = colorOf(run);
    return mark;
  };

  const drawCurves = () => {
    const { runs } = compared;
    const epochs = [...new Set(runs.flatMap((run) => run.epochs))].sort((a, b) => a - b);
    // the learning rate stands last, as in a report
    const named = [...new Set(runs.flatMap((run) => Object.keys(run.columns)))];
    const columns = [...named.filter((name) => name !== RATE), ...named.filter((name) => name === RATE)];
    const line = (run, column) => {
      const at = new Map(run.epochs.map((epoch, place) => [epoch, place]));
      const values = run.columns[column];
      const dash = column.startsWith("val_") ? [6, 4] : undefined;
      const label = column.startsWith("val_") ? `${names.get(run.id)} (val)` : names.get(run.id);
      return { label, stroke: colorOf(run.id), dash, values: epochs.map((epoch) => (at.has(epoch) ? values[at.get(epoch)] : null)) };
    };
    const fields = columns.filter((name) => !name.startsWith("val_")).map((name) => ({
      name,
      lines: runs.flatMap((run) => [name, `val_${name}`].filter((column) => column in run.columns).map((column) => line(run, column))),
    }));
    curves.show(epochs, fields);
  };

  const rowsOf = (id, heading, rows) => {
    const head = document.createElement("tr");
    heading.forEach((cell) => head.append(cell instanceof Node ? cell : element("th", cell)));
    const body = rows.map((cells) => {
      const row = document.createElement("tr");
      cells.forEach((cell) => row.append(element("td", cell)));
      return row;
    });
    const thead = document.createElement("thead"), tbody = document.createElement("tbody");
    thead.append(head);
    tbody.append(...body);
    find(id).replaceChildren(thead, tbody);
  };

  const headed = (runs) => runs.map((run) => {
    const heading = element("th", "");
    heading.append(swatch(run.id), names.get(run.id));
    return heading;
  });

  const percent = (share) => (share === null || share === undefined ? "-" : `${(100 * share).toFixed(share > 0.99 && share < 1 ? 2 : 1)}%`);
  const written = (value) => (value === null ? "-" : typeof value === "string" ? value : JSON.stringify(value));

  const drawTables = () => {
    const { runs, settings, pairs } = compared;
    const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
    const results = [
      [words("accuracy"), (run) => percent(run.accuracy)],
      [words("interval"), (run) => (run.interval ? run.interval.map(percent).join(" - ") : "-")],
      ["loss", (run) => shown(run.loss)],
      ...metrics.map((name) => [name, (run) => shown(run.metrics[name])]),
      [words("epochs"), (run) => String(run.epochs.length)],
      [words("training"), (run) => time(run.train_s)],
    ];
    rowsOf("results", ["", ...headed(runs)], results.map(([name, value]) => [name, ...runs.map(value)]));
    find("against").hidden = pairs.length === 0;
    rowsOf("pairs", [words("run"), words("pictures"), words("verdict"), "p"], pairs.map((pair) => [
      names.get(pair.id), String(pair.pictures),
      pair.why ? `${words(pair.verdict)}: ${pair.why[document.documentElement.lang]}` : words(pair.verdict),
      pair.p === null ? "-" : pair.p < 1e-3 ? pair.p.toExponential(1) : pair.p.toFixed(3),
    ]));
    if (settings.length) rowsOf("settings", [words("setting"), ...headed(runs)], settings.map(([key, values]) => [key, ...values.map(written)]));
    else find("settings").replaceChildren(element("caption", words("noDifference")));
  };

  const draw = () => {
    find("compared").hidden = !compared;
    find("none").hidden = chosen.length > 0;
    if (!compared) return;
    const entries = compared.runs.map((run) => {
      const entry = element("li", "");
      entry.append(swatch(run.id), names.get(run.id));
      return entry;
    });
    find("legend").replaceChildren(...entries);
    drawCurves();
    drawTables();
  };

  const compare = async () => {
    const wanted = chosen.join(",");
    compared = null;
    refuse("");
    if (chosen.length) {
      const answer = await fetch(address("/compare", { runs: wanted })).catch(() => null);
      // others may have been chosen meanwhile
      if (wanted !== chosen.join(",")) return;
      find("lost").hidden = answer !== null;
      if (answer?.ok) compared = await answer.json();
      else if (answer) refuse(words("notCompared", await answer.text()));
    }
    draw();
  };

  for (const box of table.querySelectorAll("input")) {
    const row = box.closest("tr"), run = Number(box.value);
    // what a browser remembers of another visit is nothing that was chosen here
    box.checked = false;
    box.addEventListener("change", () => {
      if (box.checked && chosen.length >= facts.most) {
        box.checked = false;
        return refuse(words("most", facts.most));
      }
      chosen = box.checked ? [...chosen, run] : chosen.filter((other) => other !== run);
      row.classList.toggle("chosen", box.checked);
      compare();
    });
  }
  served.whenChanged(draw);
})();
