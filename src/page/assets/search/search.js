// A search: its pictures, which show the same trials and light up the same one; and its tables.
(() => {
  const { find, words, shown, time, sortable, whenChanged } = base;
  // more lines than this hide each other
  const CLEAR = 60;
  let trials = new Map(), ranked = [], told = [], chosen = null, pointed = null;

  const view = {
    data: null,
    // what is kept on which axis: shares, and how a trial stands there
    ranges: new Map(),
    checks: new Map(),
    trial: (number) => trials.get(number),
    tint: (trial) => search.tint(trial.rank, ranked.length),
    // Of many lines the best alone stand out.
    strength: (trial) => {
      const share = trial.rank === null ? 0 : search.share(trial.rank, ranked.length);
      const faintest = Math.min(0.4, CLEAR / 2 / ranked.length);
      return (faintest + (0.95 - faintest) * share ** (ranked.length > CLEAR ? 4 : 1)).toFixed(2);
    },
    isShown: (trial) => {
      if (trial.rank !== null && trial.rank >= Number(find("most").value)) return false;
      return [...view.checks.values()].every((check) => check(trial));
    },
    // The best first; those without a value last.
    shown: () => [...ranked, ...[...trials.values()].filter((trial) => trial.rank === null)].filter(view.isShown),
    keep: (axis, range, share) => {
      if (range) {
        view.ranges.set(axis, range);
        view.checks.set(axis, (trial) => trial.value !== null && share(trial) >= range[0] && share(trial) <= range[1]);
      } else {
        view.ranges.delete(axis);
        view.checks.delete(axis);
      }
      draw();
    },
    point: (trial) => {
      pointed = trial;
      light();
    },
    choose: (trial) => {
      chosen = trial === chosen ? null : trial;
      light();
    },
  };

  const take = (data) => {
    view.data = data;
    data.trials = data.trials.map(([number, rank, value, bestEpoch, epochs, values, curve]) => ({ number, rank, value, bestEpoch, epochs, values, curve }));
    trials = new Map(data.trials.map((trial) => [trial.number, trial]));
    ranked = data.trials.filter((trial) => trial.rank !== null).sort((a, b) => a.rank - b.rank);
    chosen = trials.get(chosen?.number) ?? null;
    pointed = trials.get(pointed?.number) ?? null;
    const most = find("most"), isAll = most.value === most.max;
    Object.assign(most, { min: Math.min(1, ranked.length), max: Math.max(ranked.length, 1) });
    if (isAll) most.value = most.max;
  };

  // The trial that is pointed at, or else the one that was chosen, in all pictures and in the table.
  const light = () => {
    const trial = pointed ?? chosen;
    told.forEach((show) => show(trial));
    for (const row of document.querySelectorAll("#trials tr.lit")) row.classList.remove("lit");
    if (trial) document.querySelector(`#trials tr[data-trial="${trial.number}"]`)?.classList.add("lit");
    const line = find("pointed");
    line.hidden = !trial;
    if (!trial) return;
    const { axes, objective } = view.data;
    const points = axes.map((axis, at) => [axis, trial.values[at]]).filter(([, value]) => value !== null)
      .map(([axis, value]) => `${axis.name} ${axis.words ? axis.words[value] : search.label(value)}`);
    const value = trial.value === null ? words("noValue") : words("reached", objective, shown(trial.value), trial.bestEpoch, trial.epochs);
    line.textContent = `${words("trial", trial.number)}: ${value}; ${points.join(", ")}`;
  };

  const draw = () => {
    const isLog = find("log").checked;
    told = [search.parallel(find("parallel"), view)];
    if (view.data.history.length) told.push(search.history(find("history"), view), search.curves(find("curves"), view, isLog));
    if (view.data.brackets.length) told.push(search.rungs(find("brackets"), view));
    find("how-many").textContent = words("shownOf", view.shown().filter((trial) => trial.rank !== null).length, ranked.length);
    find("all").disabled = view.ranges.size === 0 && find("most").value === find("most").max;
    light();
  };

  // What the tables offer, which may have been replaced.
  const arm = () => {
    document.querySelectorAll("table.ordered").forEach(sortable);
    for (const button of document.querySelectorAll("button.copy")) button.onclick = () => copy(button);
  };

  // Copying, where the browser lets a page from disk do it: else the text is selected.
  const copy = async (button) => {
    const source = find(button.dataset.of);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 1200);
    } catch {
      getSelection().selectAllChildren(source);
    }
  };

  // Takes what is new: parts of the page as they are written, and what is drawn.
  search.show = ({ parts, data }) => {
    for (const [id, text] of Object.entries(parts)) {
      const place = find(id);
      if (place.dataset.is !== String(text.length) || place.innerHTML !== text) {
        place.innerHTML = text;
        place.dataset.is = text.length;
      }
      const section = place.closest("section");
      if (section) section.hidden = text === "";
    }
    take(data);
    arm();
    draw();
  };

  find("most").addEventListener("input", draw);
  find("log").addEventListener("change", draw);
  find("all").addEventListener("click", () => {
    find("most").value = find("most").max;
    view.ranges.clear();
    view.checks.clear();
    draw();
  });
  const rowOf = (event) => trials.get(Number(event.target.closest("tr[data-trial]")?.dataset.trial)) ?? null;
  find("trials").addEventListener("pointerover", (event) => event.pointerType === "mouse" && view.point(rowOf(event)));
  find("trials").addEventListener("pointerleave", () => view.point(null));
  find("trials").addEventListener("click", (event) => event.target.closest("td, th[scope=row]") && view.choose(rowOf(event)));
  addEventListener("keydown", (event) => event.key === "Escape" && view.choose(null));
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    draw();
  });
  whenChanged(draw);
  take(base.facts.search);
  arm();
  draw();
})();
