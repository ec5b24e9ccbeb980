"""Line charts with logarithmic axes, as SVG: panels beside each other, one line a series."""
import dataclasses
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 400, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 44
LEGEND = 26
COLOURS = ["#b5382a", "#2b6cb0", "#2f855a", "#805ad5", "#b7791f", "#4a5568", "#d53f8c"]
INK, GRID = "#333333", "#e2e2e2"


@dataclasses.dataclass
class Panel:
    """`lines`: name -> [(x, least, middle, most)], in the order of x. All numbers are above zero."""
    title: str
    x_label: str
    y_label: str
    lines: dict


@dataclasses.dataclass
class Axis:
    """From numbers to places: `at(low)` is `start`, `at(high)` is `end`."""
    low: float
    high: float
    start: float
    end: float

    def at(self, value):
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(self.high / self.low)


def svg(title, panels):
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    width, height = WIDTH * len(panels), HEIGHT + LEGEND
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
             f' font-family="sans-serif" font-size="11" fill="{INK}">',
             f"<title>{escape(title)}</title>", '<rect width="100%" height="100%" fill="#ffffff"/>']
    for i, panel in enumerate(panels):
        parts += draw(panel, WIDTH * i, colours)
    x = LEFT
    for name in names:
        y = HEIGHT + LEGEND / 2
        parts.append(f'<path d="M{x} {y - 4} h18" stroke="{colours[name]}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 24}" y="{y}">{escape(name)}</text>')
        x += 44 + 7 * len(name)
    return "\n".join([*parts, "</svg>", ""])


def draw(panel, offset, colours):
    """The parts of one panel whose left edge is at `offset`."""
    points = [point for line in panel.lines.values() for point in line]
    columns = sorted({point[0] for point in points})
    x = Axis(columns[0], max(columns[-1], columns[0] * 1.01), offset + LEFT, offset + WIDTH - RIGHT)
    low, high = min(point[1] for point in points) / 1.15, max(point[3] for point in points) * 1.15
    y = Axis(low, high, HEIGHT - BOTTOM, TOP)
    parts = [f'<text x="{(x.start + x.end) / 2}" y="18" text-anchor="middle" font-size="13">{escape(panel.title)}</text>']
    for value in ticks(low, high):
        parts.append(f'<path d="M{x.start} {y.at(value):.1f} H{x.end}" stroke="{GRID}"/>')
        parts.append(f'<text x="{x.start - 6}" y="{y.at(value) + 4:.1f}" text-anchor="end">{value:,g}</text>')
    for value in columns:
        parts.append(f'<path d="M{x.at(value):.1f} {TOP} V{y.start}" stroke="{GRID}"/>')
        parts.append(f'<text x="{x.at(value):.1f}" y="{y.start + 16}" text-anchor="middle">{value:g}</text>')
    parts.append(f'<path d="M{x.start} {TOP} V{y.start} H{x.end}" fill="none" stroke="{INK}"/>')
    parts.append(f'<text x="{(x.start + x.end) / 2}" y="{y.start + 34}" text-anchor="middle">{escape(panel.x_label)}</text>')
    across = f"translate({offset + 14} {(TOP + y.start) / 2}) rotate(-90)"
    parts.append(f'<text transform="{across}" text-anchor="middle">{escape(panel.y_label)}</text>')
    for name, line in panel.lines.items():
        colour = colours[name]
        way = " ".join(f"{x.at(at):.1f},{y.at(middle):.1f}" for at, _, middle, _ in line)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for at, least, middle, most in line:
            parts.append(f'<path d="M{x.at(at):.1f} {y.at(least):.1f} V{y.at(most):.1f}" stroke="{colour}"/>')
            parts.append(f'<circle cx="{x.at(at):.1f}" cy="{y.at(middle):.1f}" r="2.8" fill="{colour}"/>')
    return parts


def ticks(low, high):
    """1, 2 and 5 of each decade; only the decades where there are many."""
    steps = [1, 2, 5] if math.log10(high / low) < 3 else [1]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
