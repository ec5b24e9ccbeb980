// A training that goes on: its server tells what is new, and this page shows it.
(() => {
  const { find, words, address, shown, time, element } = served;
  const SERIES = ["#2f86c9", "#e0762b"];
  const curves = served.plots(find("plots"));
  // what has been told so far; rows and notes are added to, all else is as it was told last
  let state = null, rows = [], notes = [], told = performance.now();

  const text = (id, value) => {
    const place = find(id).querySelector("b") ?? find(id);
    if (place.textContent !== value) place.textContent = value;
  };
  const below = (id, label, small = "") => {
    find(id).querySelector("span").textContent = label;
    find(id).querySelector("small").textContent = small;
  };

  const gauge = (id, label, share) => {
    const place = find(id);
    place.querySelector("p").textContent = label;
    place.querySelector("i").style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
    place.setAttribute("aria-valuenow", Math.round(100 * share));
  };

  const showGauges = () => {
    const { doing, epoch, epochs, batches, done } = state;
    const share = (part, whole) => (whole > 0 ? part / whole : 0);
    if (epoch === 0) {
      const what = doing ? words(doing.what, doing.file ?? "") : words("preparing");
      const count = doing?.all ? ` ${doing.done}/${doing.all}` : "";
      gauge("epoch-gauge", what + count, doing ? share(doing.done, doing.all) : 0);
      return gauge("run-gauge", words("wholeRun", "0.0"), 0);
    }
    const isDone = batches > 0 && done >= batches;
    const stands = rows.length >= epochs ? "ending" : isDone ? "checking" : "epochOf";
    gauge("epoch-gauge", words(stands, epoch, epochs, done, batches), share(done, batches));
    const whole = Math.max(share(epoch - 1 + share(done, batches), epochs), share(rows.length, epochs));
    gauge("run-gauge", words("wholeRun", (100 * whole).toFixed(1)), whole);
    document.title = `${Math.floor(100 * whole)}% ${state.model}`;
  };

  const showTiles = () => {
    const { now, rate, waited, columns } = state;
    const last = rows[rows.length - 1];
    const at = ["val_accuracy", "accuracy", "val_loss", "loss"].map((name) => columns.indexOf(name)).find((at) => at >= 0);
    if (last && at !== undefined) {
      const value = last[1][at];
      const isShare = columns[at].endsWith("accuracy");
      text("best", isShare && value !== null ? `${(100 * value).toFixed(1)}%` : shown(value));
      below("best", columns[at], words("afterEpoch", last[0]));
    }
    text("rate", rate === null ? "-" : Math.round(rate).toLocaleString("en"));
    text("waited", waited === null ? "-" : `${(100 * waited).toFixed(1)}%`);
    const [loss, metric] = now;
    text("loss", shown(loss?.[1]));
    find("metric").hidden = !metric;
    if (metric) {
      text("metric", shown(metric[1]));
      below("metric", words("inEpoch", metric[0]));
    }
    showTimes();
  };

  // Between two messages the clock goes on.
  const showTimes = () => {
    if (!state) return;
    const since = state.ended ? 0 : (performance.now() - told) / 1000;
    text("elapsed", time(state.elapsed_s + since));
    text("left", state.left_s === null ? "-" : time(Math.max(state.left_s - since, 0)));
  };

  const showCurves = () => {
    find("no-curves").hidden = rows.length > 0;
    if (!rows.length) return;
    const column = (name) => {
      const at = state.columns.indexOf(name);
      return rows.map((row) => row[1][at]);
    };
    const fields = state.columns.filter((name) => !name.startsWith("val_")).map((name) => ({
      name,
      lines: [name, `val_${name}`].filter((name) => state.columns.includes(name)).map((name, at) => ({
        label: name, stroke: SERIES[at], dash: at ? [6, 4] : undefined, values: column(name),
      })),
    }));
    fields.push({ name: "learning_rate", lines: [{ label: "learning_rate", stroke: SERIES[0], values: rows.map((row) => row[2]) }] });
    curves.show(rows.map((row) => row[0]), fields);
  };

  const showNotes = () => {
    find("told").hidden = notes.length === 0;
    const items = notes.map((note) => {
      const item = element("li", "");
      item.append(...Object.entries(note).map(([lang, said]) => element("span", said, { lang })));
      return item;
    });
    find("notes").replaceChildren(...items);
  };

  const showHead = () => {
    const { model, folder, stopping, ended, epoch } = state;
    if (model) find("model").textContent = model;
    find("folder").textContent = folder ? ` → ${folder}` : "";
    find("stopping").hidden = !stopping || ended;
    find("over").hidden = !ended;
    find("stop").disabled = stopping || ended;
    find("status").textContent = words(ended ? "finished" : stopping ? "stopping" : epoch ? "running" : "preparing");
    find("status").className = `status ${ended ? "good" : "odd"}`;
  };

  const showSheet = () => {
    const image = find("contact");
    if (!state.sheet || image.src) return;
    image.src = address("/sheet.svg");
    find("sheet").hidden = false;
  };

  const show = () => {
    showHead();
    showGauges();
    showTiles();
    showSheet();
  };

  const source = new EventSource(address("/events"));
  source.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    const [knownRows, knownNotes] = [rows.length, notes.length];
    rows.splice(news.rows_from, rows.length, ...news.rows);
    notes.splice(news.notes_from, notes.length, ...news.notes);
    state = news;
    told = performance.now();
    if (news.ended) {
      source.close();
      // the page of the run has taken this one's place
      if (news.report) return location.reload();
    }
    show();
    if (rows.length !== knownRows || news.rows_from === 0) showCurves();
    if (notes.length !== knownNotes || news.notes_from === 0) showNotes();
  };
  source.onopen = () => (find("lost").hidden = true);
  source.onerror = () => (find("lost").hidden = state?.ended ?? false);

  find("stop").addEventListener("click", async () => {
    find("stop").disabled = true;
    const answer = await fetch(address("/stop"), { method: "POST" }).catch(() => null);
    if (!answer?.ok) find("stop").disabled = false;
  });
  setInterval(showTimes, 1000);
  served.whenChanged(() => state && show());
})();
