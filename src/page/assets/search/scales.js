// Values to shares of a length, and back to colours: what the pictures of a search measure with.
const search = {};
(() => {
  const NICE = [1, 2, 5, 10];
  // Worst, middle, best: they differ in light and dark, and for who does not see red and green apart.
  const COLORS = [[141, 153, 165], [47, 134, 201], [224, 118, 43]];

  const within = (share) => Math.min(Math.max(share, 0), 1);

  // As one would write it, with at most six digits.
  const label = (value) => {
    const tidy = Number(value.toPrecision(6)), size = Math.abs(tidy);
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? tidy.toExponential().replace("e+", "e") : String(tidy);
  };

  // `at` gives the share, `ticks` the values to write with their labels.
  const linear = (from, to, count = 5) => {
    const half = Math.abs(from) / 20 || 0.5;
    const [low, high] = from < to ? [from, to] : [from - half, from + half];
    const power = 10 ** Math.floor(Math.log10((high - low) / count));
    const step = power * NICE.find((nice) => nice * power >= (high - low) / count * (1 - 1e-9));
    const ticks = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) ticks.push(at * step);
    return { at: (value) => within((value - low) / (high - low)), ticks: ticks.map((tick) => [tick, label(tick)]) };
  };

  const logarithmic = (low, high) => {
    if (!(low > 0 && low < high)) return linear(low, high);
    const ticks = [];
    for (const digits of [[1], [1, 3], [1, 2, 5]]) {
      ticks.length = 0;
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        for (const digit of digits) {
          const tick = Number(`${digit}e${power}`);
          if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push([tick, label(tick)]);
        }
      }
      if (ticks.length > 2) break;
    }
    const span = Math.log(high / low);
    return { at: (value) => within(Math.log(value / low) / span), ticks };
  };

  const listed = (names) => ({
    at: (place) => (place + 0.5) / names.length,
    ticks: names.map((name, place) => [place, name]),
  });

  const reversed = ({ at, ticks }) => ({ at: (value) => 1 - at(value), ticks });

  // From the best value to the worst; what is far worse than nine tenths of all is drawn at the edge.
  const usual = (values, falls) => {
    const sorted = [...values].sort((a, b) => (falls ? a - b : b - a));
    if (!sorted.length) return [0, 1];
    const best = sorted[0], worst = sorted[sorted.length - 1];
    const most = sorted[Math.floor(0.9 * (sorted.length - 1))], span = most - best;
    const end = span !== 0 && Math.abs(worst - best) > 3 * Math.abs(span) ? most + span / 2 : worst;
    return falls ? [best, end] : [end, best];
  };

  // Of a rank: 1 for the best, 0 for the last.
  const share = (rank, count) => (count > 1 ? 1 - rank / (count - 1) : 1);

  const tint = (rank, count) => {
    if (rank === null) return `rgb(${COLORS[0]})`;
    // few are among the best: a tenth is orange
    const place = share(rank, count) ** 2.5 * (COLORS.length - 1), from = Math.min(Math.floor(place), COLORS.length - 2);
    const part = place - from;
    return `rgb(${COLORS[from].map((of, at) => Math.round(of + part * (COLORS[from + 1][at] - of)))})`;
  };

  Object.assign(search, { label, linear, logarithmic, listed, reversed, usual, share, tint });
})();
