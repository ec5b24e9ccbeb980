// What was found when, and the curves of all trials.
(() => {
  const { words } = base;
  const { drawn, field, nearest, pointing, path } = search;

  // A point for each unit that has ended, over the epochs that all trials together had been trained by then; the
  // best so far as steps.
  search.history = (holder, view) => {
    const { history, steps, objective, falls } = view.data;
    const values = history.filter(([, value]) => value !== null).map(([, value]) => value);
    const end = Math.max(...history.map(([at]) => at), 1);
    const up = search.linear(...search.usual(values, falls));
    const { svg, x, y, marks, above } = field(holder, {
      across: search.linear(0, end, Math.max(holder.clientWidth / 90, 3)), up, name: { across: words("trainedEpochs"), up: objective },
    });
    const places = [];
    for (const [at, value, number] of history) {
      const trial = view.trial(number);
      if (value === null || !trial || !view.isShown(trial)) continue;
      places.push([x(at), y(value), trial]);
      marks.append(drawn("circle", { cx: x(at), cy: y(value), r: 3.2, fill: view.tint(trial), "fill-opacity": 0.75 }));
    }
    const corners = steps.flatMap(([at, value], place) => (place ? [[x(at), y(steps[place - 1][1])], [x(at), y(value)]] : [[x(at), y(value)]]));
    if (corners.length) {
      corners.push([x(end), corners[corners.length - 1][1]]);
      marks.append(drawn("path", { d: path(corners), class: "best" }));
    }
    pointing(svg, (at, height) => nearest(places, at, height), view);
    return (trial) => {
      const of = places.filter(([, , other]) => other === trial);
      above.replaceChildren(...of.map(([cx, cy]) => drawn("circle", { cx, cy, r: 6, fill: "none", class: "ring" })));
    };
  };

  // A line for each trial, over its epochs; where it was no number it is interrupted.
  search.curves = (holder, view, isLog) => {
    const { falls, objective, epochs, every } = view.data;
    const trials = view.shown().filter((trial) => trial.curve.length > 0);
    const values = trials.flatMap((trial) => trial.curve.filter((value) => value !== null));
    const range = search.usual(values, falls);
    const up = isLog && range[0] > 0 ? search.logarithmic(...range) : search.linear(...range);
    const longest = Math.max(...trials.map((trial) => trial.epochs), 2);
    const { svg, x, y, marks, above } = field(holder, {
      across: search.linear(1, Math.min(longest, epochs), Math.max(holder.clientWidth / 90, 3)), up,
      name: { across: words("epoch"), up: objective }, height: 360,
    });
    // every so many epochs one is known, and the last
    const epochOf = (trial, at) => Math.min((at + 1) * every, trial.epochs);
    const pieces = (trial) => {
      const found = [[]];
      trial.curve.forEach((value, at) => {
        if (value === null) return found.push([]);
        found[found.length - 1].push([x(epochOf(trial, at)), y(value)]);
      });
      return found.filter((piece) => piece.length > 0);
    };
    const lines = trials.map((trial) => [trial, pieces(trial)]);
    const shape = ([trial, pieces], attributes) => pieces.map((piece) => (piece.length > 1
      ? drawn("path", { d: path(piece), fill: "none", stroke: view.tint(trial), ...attributes })
      : drawn("circle", { cx: piece[0][0], cy: piece[0][1], r: 2.6, fill: view.tint(trial), ...attributes })));
    for (const line of lines.toReversed()) marks.append(...shape(line, { "stroke-opacity": view.strength(line[0]), "fill-opacity": view.strength(line[0]) }));
    const near = (at, height) => {
      let found = null, least = 18;
      for (const [trial, pieces] of lines) {
        for (const piece of pieces) {
          const next = piece.findIndex(([place]) => place >= at);
          const [[a, p], [b, q]] = [piece[Math.max(next - 1, 0)], piece[next < 0 ? piece.length - 1 : next]];
          if (next < 0 && at - b > 10) continue;
          const value = b > a ? p + ((q - p) * (Math.min(at, b) - a)) / (b - a) : q;
          const distance = Math.abs(value - height) + (b > a ? 0 : Math.abs(at - b));
          if (distance < least) [found, least] = [trial, distance];
        }
      }
      return found;
    };
    pointing(svg, near, view);
    const of = new Map(lines);
    return (trial) => {
      svg.classList.toggle("pointed", of.has(trial));
      above.replaceChildren(...(of.has(trial) ? shape([trial, of.get(trial)], {}) : []));
    };
  };
})();
