// The rungs of each bracket: a point for each trial at its value there, and a line to the next rung for those that
// were promoted.
(() => {
  const { words } = base;
  const { drawn, field, nearest, pointing, path } = search;

  search.rungs = (holder, view) => {
    const { brackets, falls, objective } = view.data;
    const values = brackets.flat().flatMap(({ trials }) => trials.map(([, value]) => value)).filter((value) => value !== null);
    const up = search.linear(...search.usual(values, falls));
    const places = holder.children.length === brackets.length ? [...holder.children] : brackets.map(() => document.createElement("div"));
    holder.replaceChildren(...places);
    const told = brackets.map((rungs, bracket) => {
      const names = rungs.map(({ epochs }) => String(epochs));
      const { svg, x, y, marks, above } = field(places[bracket], {
        across: search.listed(names), up, name: { across: words("afterEpochs"), up: objective },
        title: brackets.length > 1 ? words("bracket", bracket + 1) : "",
      });
      const points = [], lines = new Map();
      rungs.forEach(({ trials }, rung) => {
        // those that stand at the same place beside each other
        const taken = new Map();
        for (const [number, value, isPromoted] of trials) {
          const trial = view.trial(number);
          if (value === null || !trial || !view.isShown(trial)) continue;
          const row = Math.round(y(value) / 4), beside = taken.get(row) ?? 0;
          taken.set(row, beside + 1);
          const side = beside % 2 ? -Math.ceil(beside / 2) : beside / 2;
          points.push([x(rung) + Math.max(Math.min(side * 5, 60), -60), y(value), trial, isPromoted]);
          lines.set(trial, [...(lines.get(trial) ?? []), points[points.length - 1]]);
        }
      });
      for (const [trial, line] of lines) {
        if (line.length > 1) marks.append(drawn("path", { d: path(line), fill: "none", stroke: view.tint(trial), "stroke-opacity": view.strength(trial) }));
      }
      for (const [cx, cy, trial, isPromoted] of points) {
        marks.append(drawn("circle", { cx, cy, r: 3.4, fill: isPromoted ? view.tint(trial) : "var(--paper)", stroke: view.tint(trial) }));
      }
      pointing(svg, (at, height) => nearest(points, at, height), view);
      return (trial) => {
        const line = lines.get(trial) ?? [];
        const rings = line.map(([cx, cy]) => drawn("circle", { cx, cy, r: 6, fill: "none", class: "ring" }));
        above.replaceChildren(...(line.length > 1 ? [drawn("path", { d: path(line), fill: "none", stroke: view.tint(trial) })] : []), ...rings);
      };
    });
    return (trial) => told.forEach((light) => light(trial));
  };
})();
