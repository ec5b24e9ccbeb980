// Parallel coordinates: an axis for each parameter and one for the objective; a line for each trial. A range that is
// drawn on an axis leaves trials out. Where there is little room to the side, the axes lie and the lines go down.
(() => {
  const { words } = base;
  const { drawn, picture, written, pointing, path } = search;
  const NARROW = 640, GAP = 92, ROW = 62, NEAR = 14;
  // the share at which trials stand that a parameter does not count in
  const NOWHERE = -0.12;

  const scaleOf = (axis) => {
    if (axis.words) return search.listed(axis.words);
    const scale = axis.log ? search.logarithmic(axis.low, axis.high) : search.linear(axis.low, axis.high, 4);
    return axis.few.length ? { ...scale, ticks: axis.few.map((value) => [value, search.label(value)]) } : scale;
  };

  const axesOf = ({ axes, falls, objective, trials }, lies) => {
    const of = axes.map((axis, at) => {
      const scale = scaleOf(axis);
      const isLeftOut = trials.some((trial) => trial.values[at] === null);
      const share = (trial) => (trial.values[at] === null ? NOWHERE : scale.at(trial.values[at]));
      return { name: axis.name, ticks: scale.ticks, at: scale.at, isLeftOut, share };
    });
    const values = trials.filter((trial) => trial.value !== null).map((trial) => trial.value);
    const plain = search.linear(...search.usual(values, falls), 5);
    const scale = falls ? search.reversed(plain) : plain;
    const name = `${objective} ${lies ? "→" : "↑"}`;
    of.push({ name, ticks: scale.ticks, at: scale.at, isLeftOut: false, share: (trial) => scale.at(trial.value) });
    return of;
  };

  search.parallel = (holder, view) => {
    const { data } = view;
    const lies = holder.clientWidth < NARROW;
    const axes = axesOf(data, lies), trials = view.shown().filter((trial) => trial.value !== null);
    const room = Math.max(holder.clientWidth, 240);
    const has = axes.some((axis) => axis.isLeftOut);
    const width = lies ? room : Math.max(room, GAP * (axes.length - 1) + 120);
    const height = lies ? ROW * axes.length + 16 : 400;
    // from where to where the shares go, and where each axis stands
    const [from, to] = lies ? [has ? 62 : 24, width - 24] : [height - (has ? 64 : 26), 40];
    const stands = (at) => (lies ? 40 + at * ROW : 60 + (at * (width - 120)) / Math.max(axes.length - 1, 1));
    const along = (share) => from + share * (to - from);
    const place = (at, share) => (lies ? [along(share), stands(at)] : [stands(at), along(share)]);
    const svg = picture(holder, width, height, words("space"));
    svg.classList.toggle("lies", lies);

    const lines = trials.map((trial) => [trial, axes.map((axis, at) => place(at, axis.share(trial)))]);
    const marks = drawn("g", { fill: "none" }), above = drawn("g", { class: "above", fill: "none" });
    for (const [trial, places] of lines.toReversed()) {
      marks.append(drawn("path", { d: path(places), stroke: view.tint(trial), "stroke-opacity": view.strength(trial) }));
    }
    const frame = drawn("g", { class: "axes" });
    axes.forEach((axis, at) => frame.append(...ofAxis(axis, at)));
    svg.append(marks, frame, above);

    function ofAxis(axis, at) {
      const [[x1, y1], [x2, y2]] = [place(at, 0), place(at, 1)];
      const name = lies
        ? written(axis.name, width - 20, { x: 6, y: stands(at) - 22, class: "name halo" })
        : written(axis.name, Math.max(GAP, (width - 120) / axes.length), { x: x1, y: 20, "text-anchor": "middle", class: "name" });
      const parts = [drawn("line", { x1, y1, x2, y2, class: "axis" }), name];
      let free = -Infinity;
      const tick = (share, label) => {
        const [x, y] = place(at, share);
        const half = lies ? label.length * 3.6 : 0;
        if (lies && x - half < free) return;
        free = x + half + 6;
        const edge = Math.min(Math.max(x, half + 2), width - half - 2);
        parts.push(lies
          ? drawn("text", { x: edge, y: y + 17, "text-anchor": "middle", class: "halo" }, label)
          : written(label, GAP, { x: x - 6, y: y + 4, "text-anchor": "end", class: "halo" }));
      };
      if (axis.isLeftOut) tick(NOWHERE, "–");
      const ticks = axis.ticks.map(([value, label]) => [axis.at(value), label]).sort(([a], [b]) => a - b);
      for (const [share, label] of ticks) tick(share, label);
      return [...parts, brush(at)];
    }

    // The part of an axis that is kept: drawn with the pointer, taken away by a click.
    function brush(at) {
      const [[x1, y1], [x2, y2]] = [place(at, has ? NOWHERE : -0.02), place(at, 1.02)];
      const half = lies ? 15 : 14;
      const rectangle = (a, b) => {
        const [p, q] = [along(a), along(b)].sort((m, n) => m - n);
        return lies ? { x: p, width: q - p, y: stands(at) - half, height: 2 * half } : { y: p, height: q - p, x: stands(at) - half, width: 2 * half };
      };
      const group = drawn("g", { class: "brush" });
      const area = lies
        ? { x: Math.min(x1, x2), width: Math.abs(x2 - x1), y: y1 - half, height: 2 * half }
        : { x: x1 - half, width: 2 * half, y: Math.min(y1, y2), height: Math.abs(y2 - y1) };
      const hit = drawn("rect", { ...area, class: "hit" });
      group.append(hit);
      const kept = view.ranges.get(at);
      const mark = drawn("rect", kept ? { ...rectangle(...kept), class: "kept" } : { class: "kept" });
      group.append(mark);
      const share = (event) => {
        const { left, top, width: wide, height: tall } = svg.getBoundingClientRect();
        const place = lies ? ((event.clientX - left) * width) / wide : ((event.clientY - top) * height) / tall;
        return (place - from) / (to - from);
      };
      let begun = null;
      hit.addEventListener("pointerdown", (event) => {
        begun = share(event);
        hit.setPointerCapture(event.pointerId);
      });
      hit.addEventListener("pointermove", (event) => {
        if (begun === null) return;
        for (const [key, value] of Object.entries(rectangle(begun, share(event)))) mark.setAttribute(key, value);
      });
      hit.addEventListener("pointerup", (event) => {
        const now = share(event), isClick = Math.abs(now - begun) < 0.02;
        const range = [Math.min(begun, now), Math.max(begun, now)];
        begun = null;
        view.keep(at, isClick ? null : range, axes[at].share);
      });
      hit.addEventListener("pointercancel", () => (begun = null));
      hit.addEventListener("click", (event) => event.stopPropagation());
      return group;
    }

    // The line that is nearest, measured along the axes.
    pointing(svg, (x, y) => {
      const [run, cross] = lies ? [y, x] : [x, y];
      let found = null, least = NEAR;
      for (const [trial, places] of lines) {
        const points = lies ? places.map(([a, b]) => [b, a]) : places;
        const next = points.findIndex(([at]) => at >= run);
        if (next < 1) continue;
        const [[a, p], [b, q]] = [points[next - 1], points[next]];
        const distance = Math.abs(p + ((q - p) * (run - a)) / (b - a) - cross);
        if (distance < least) [found, least] = [trial, distance];
      }
      return found;
    }, view);

    const of = new Map(lines);
    return (trial) => {
      svg.classList.toggle("pointed", of.has(trial));
      above.replaceChildren(...(of.has(trial) ? [drawn("path", { d: path(of.get(trial)), stroke: view.tint(trial) })] : []));
    };
  };
})();
