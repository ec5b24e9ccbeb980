// Fields with axes that lines and points are drawn in, as SVG; and which trial is pointed at in them.
(() => {
  const { element } = base;
  const SPACE = "http://www.w3.org/2000/svg";
  const HEIGHT = 300;
  const LEFT = 58, RIGHT = 14, TOP = 12, BOTTOM = 40;

  const drawn = (name, attributes = {}, text = "") => {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };

  // An empty picture that takes a holder's place; `said` is what it shows.
  const picture = (holder, width, height, said) => {
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": said });
    holder.replaceChildren(svg);
    return svg;
  };

  // What is longer than its room ends with dots, and is told whole to who points at it.
  const written = (text, room, attributes) => {
    const most = Math.max(Math.floor(room / 6.6), 2);
    const label = drawn("text", attributes, text.length > most ? `${text.slice(0, most - 1)}…` : text);
    if (text.length > most) label.append(drawn("title", {}, text));
    return label;
  };

  // A field with an axis below and one at the left. Its places are `x(value)` and `y(value)`.
  const field = (holder, { across, up, name, title, height = HEIGHT }) => {
    const width = Math.max(holder.clientWidth, 240);
    const svg = picture(holder, width, height, `${name.up}, ${name.across}`);
    const right = width - RIGHT, bottom = height - BOTTOM;
    const x = (value) => LEFT + across.at(value) * (right - LEFT);
    // what lies at an end is drawn whole
    const y = (value) => bottom - (0.03 + 0.94 * up.at(value)) * (bottom - TOP);
    const axes = drawn("g", { class: "axes" });
    for (const [tick, label] of up.ticks) {
      axes.append(drawn("line", { x1: LEFT, x2: right, y1: y(tick), y2: y(tick) }));
      axes.append(drawn("text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, label));
    }
    let free = -Infinity;
    for (const [tick, label] of across.ticks) {
      const place = x(tick), half = label.length * 3.6;
      if (place - half < free) continue;
      free = place + half + 8;
      axes.append(drawn("line", { x1: place, x2: place, y1: bottom, y2: bottom + 4 }));
      axes.append(drawn("text", { x: place, y: bottom + 17, "text-anchor": "middle" }, label));
    }
    axes.append(drawn("text", { x: right, y: height - 6, "text-anchor": "end", class: "of" }, name.across));
    axes.append(drawn("text", { x: LEFT - 50, y: height - 6, class: "of" }, name.up));
    const marks = drawn("g"), above = drawn("g", { class: "above" });
    svg.append(axes, marks, above);
    if (title) holder.prepend(element("h4", title));
    return { svg, x, y, marks, above, bottom };
  };

  // The nearest of some places, `[x, y, trial]`, if it is near.
  const nearest = (places, x, y, near = 22) => {
    let found = null, least = near * near;
    for (const [at, height, trial] of places) {
      const distance = (at - x) ** 2 + (height - y) ** 2;
      if (distance < least) [found, least] = [trial, distance];
    }
    return found;
  };

  // Tells which trial is pointed at, and which is chosen by a click; `find` is asked with places in the picture.
  const pointing = (svg, find, view) => {
    const trial = (event) => {
      const { left, top, width, height } = svg.getBoundingClientRect();
      const { width: whole, height: tall } = svg.viewBox.baseVal;
      return find(((event.clientX - left) * whole) / width, ((event.clientY - top) * tall) / height);
    };
    svg.addEventListener("pointermove", (event) => event.pointerType === "mouse" && !event.buttons && view.point(trial(event)));
    svg.addEventListener("pointerleave", () => view.point(null));
    svg.addEventListener("click", (event) => view.choose(trial(event)));
  };

  const path = (places) => places.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  Object.assign(search, { drawn, picture, written, field, nearest, pointing, path });
})();
