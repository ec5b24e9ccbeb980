"""Steps over latencies as SVG: what `cargo bench --bench ranks -- --json` measured, a line for each bandwidth; what was predicted is dashed.
Above, how long a step takes; below, how much of the exchange is hidden behind computing."""
import json
import math

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP, LEGEND = 460, 200, 58, 14, 34, 66, 50
HEIGHT = TOP + 2 * PANEL + GAP + 36 + LEGEND
COLOURS = ["#b5382a", "#2b6cb0", "#2f855a", "#805ad5"]
INK, GRID = "#333333", "#e2e2e2"


def figure(lines):
    """`lines`: JSON, one a measured network, all of one model."""
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    latencies = sorted({row["latency_us"] for row in rows})
    bandwidths = sorted({row["gbit"] for row in rows})
    low, high = math.log(latencies[0]), math.log(latencies[-1])
    most = 10 * math.ceil(max(max(row["step_ms"], row["predicted_ms"]) for row in rows) / 10)
    without = sorted(row["without_ms"] for row in rows)[len(rows) // 2]

    def x(micros):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(micros) - low) / (high - low)

    def panel(top, title, most, ticks, keys):
        """From `top` down, values from 0 to `most`: of the keys (measured, predicted)."""

        def y(value):
            return top + PANEL * (1 - value / most)

        yield f'<text x="{WIDTH / 2}" y="{top - 16}" text-anchor="middle" font-size="12">{title}</text>'
        for value, name in ticks:
            yield f'<path d="M{LEFT} {y(value):.1f} H{WIDTH - RIGHT}" stroke="{GRID}"/>'
            yield f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{name}</text>'
        for micros in latencies:
            name = f"{micros} µs" if micros < 1000 else f"{micros / 1000:g} ms"
            yield f'<text x="{x(micros):.1f}" y="{top + PANEL + 16}" text-anchor="middle">{name}</text>'
        for colour, gbit in zip(COLOURS, bandwidths):
            line = sorted((row["latency_us"], row) for row in rows if row["gbit"] == gbit)
            for key, dashes in zip(keys, ["", ' stroke-dasharray="4 3"']):
                way = " ".join(f"{x(at):.1f},{y(row[key]):.1f}" for at, row in line)
                yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
            for at, row in line:
                yield f'<circle cx="{x(at):.1f}" cy="{y(row[keys[0]]):.1f}" r="2.8" fill="{colour}"/>'

    name = f"{rows[0]['model']}, {rows[0]['ranks']} ranks"
    second = TOP + PANEL + GAP
    steps = [(ms, f"{ms}") for ms in range(0, most + 1, 10)]
    shares = [(share / 100, f"{share}%") for share in range(0, 101, 20)]
    level = TOP + PANEL * (1 - without / most)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
             f' font-family="sans-serif" font-size="11" fill="{INK}">',
             f"<title>{name}: ms a step, and how much of the exchange is hidden</title>",
             '<rect width="100%" height="100%" fill="#ffffff"/>',
             f'<path d="M{LEFT} {level:.1f} H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="1 3"/>',
             *panel(TOP, f"{name}: ms a step", most, steps, ("step_ms", "predicted_ms")),
             *panel(second, "hidden behind computing, of the exchange", 1, shares, ("hidden", "predicted_hidden")),
             f'<text x="{(LEFT + WIDTH) / 2}" y="{second + PANEL + 34}" text-anchor="middle">latency</text>']
    for colour, gbit in zip(COLOURS, bandwidths):
        at = LEFT + 130 * bandwidths.index(gbit)
        parts.append(f'<path d="M{at} {HEIGHT - 30} h18" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{at + 24}" y="{HEIGHT - 26}">{gbit:g} Gbit/s</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">solid: measured; dashed: predicted; dotted: without a network</text>')
    return "\n".join([*parts, "</svg>", ""])
