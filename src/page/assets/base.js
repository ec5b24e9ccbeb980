"use strict";
// What pages have in common: words, light and dark, numbers, tables that are sorted.
const base = (() => {
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const facts = JSON.parse(find("facts").textContent);
  const words = (name, ...values) => facts.words[root.lang][name].replace(/\{(\d)\}/g, (_, at) => values[at]);
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
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

  // A column is sorted by its keys, numbers as numbers; what has none stands last. A second click turns the order,
  // which a table that takes the place of this one keeps.
  const orders = new Map();
  const sortable = (table) => {
    const sort = (heading, turn) => {
      const column = heading.cellIndex;
      const key = (row) => {
        const cell = row.cells[column];
        return cell && cell.colSpan === 1 ? (cell.dataset.key ?? cell.textContent) : "";
      };
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (!x || !y) return Number(!x) - Number(!y);
        const [m, n] = [Number(x), Number(y)];
        return turn * (Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y, undefined, { numeric: true }) : m - n);
      };
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
      orders.set(table.id, [column, turn]);
    };
    table.querySelectorAll("thead th").forEach((heading) => {
      heading.querySelector("button")?.addEventListener("click", () => {
        const { classList: is } = heading, now = heading.getAttribute("aria-sort");
        const first = !is.contains("up") && (is.contains("n") || is.contains("down")) ? -1 : 1;
        sort(heading, now ? (now === "ascending" ? -1 : 1) : first);
      });
    });
    const [column, turn] = orders.get(table.id) ?? [];
    const heading = column === undefined ? null : table.tHead.rows[0].cells[column];
    if (heading) sort(heading, turn);
  };

  return { find, facts, words, color, shown, time, element, sortable, whenChanged: (listener) => listeners.push(listener) };
})();
