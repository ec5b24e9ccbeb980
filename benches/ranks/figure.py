"""Times of steps over latencies as SVG: what `cargo bench --bench ranks -- --json` measured, a line for each bandwidth; what was predicted is dashed."""
import json
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 320, 58, 14, 34, 84
COLOURS = ["#b5382a", "#2b6cb0", "#2f855a", "#805ad5"]
INK, GRID = "#333333", "#e2e2e2"


def figure(lines):
    """`lines`: JSON, one a measured network, all of one model."""
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    latencies = sorted({row["latency_us"] for row in rows})
    bandwidths = sorted({row["gbit"] for row in rows})
    low, high = math.log(latencies[0]), math.log(latencies[-1])
    top = 10 * math.ceil(max(max(row["step_ms"], row["predicted_ms"]) for row in rows) / 10)
    without = sorted(row["without_ms"] for row in rows)[len(rows) // 2]

    def x(micros):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(micros) - low) / (high - low)

    def y(ms):
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * ms / top

    title = f"{rows[0]['model']}, {rows[0]['ranks']} ranks: ms a step"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
             f' font-family="sans-serif" font-size="11" fill="{INK}">',
             f"<title>{title}</title>", '<rect width="100%" height="100%" fill="#ffffff"/>',
             f'<text x="{WIDTH / 2}" y="18" text-anchor="middle" font-size="12">{title}</text>']
    for ms in range(0, top + 1, 10):
        parts.append(f'<path d="M{LEFT} {y(ms):.1f} H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(ms) + 4:.1f}" text-anchor="end">{ms}</text>')
    for micros in latencies:
        name = f"{micros} µs" if micros < 1000 else f"{micros / 1000:g} ms"
        parts.append(f'<text x="{x(micros):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{name}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - BOTTOM + 34}" text-anchor="middle">latency</text>')
    parts.append(f'<path d="M{LEFT} {y(without):.1f} H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="1 3"/>')
    for colour, gbit in zip(COLOURS, bandwidths):
        line = sorted((row["latency_us"], row) for row in rows if row["gbit"] == gbit)
        for key, dashes in [("step_ms", ""), ("predicted_ms", ' stroke-dasharray="4 3"')]:
            way = " ".join(f"{x(at):.1f},{y(row[key]):.1f}" for at, row in line)
            parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x(at):.1f}" cy="{y(row["step_ms"]):.1f}" r="2.8" fill="{colour}"/>' for at, row in line]
        at = LEFT + 130 * bandwidths.index(gbit)
        parts.append(f'<path d="M{at} {HEIGHT - 30} h18" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{at + 24}" y="{HEIGHT - 26}">{gbit:g} Gbit/s</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">solid: measured; dashed: predicted; dotted: without a network</text>')
    return "\n".join([*parts, "</svg>", ""])
