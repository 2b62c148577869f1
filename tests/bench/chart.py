# A bar chart of ratios, as SVG.
"""One group of bars a program, one bar an engine, a line at 1."""
from html import escape

COLOURS = ["#4878a8", "#e08a3c", "#6aa84f", "#b0413e", "#8e6bb0", "#7f7f7f", "#c9a227", "#3aa6a6", "#a05a2c", "#d070a0"]
BAR, GAP, HEIGHT, LEFT, TOP, BOTTOM = 7, 12, 300, 50, 60, 110


def bar_chart(title, series, programs, most=2.5):
    """`series`: {engine: {program: ratio}}. Bars above `most` are cut and say their value."""
    group = BAR * len(series) + GAP
    width = max(LEFT + group * len(programs) + GAP, LEFT + 120 * len(series))
    scale = HEIGHT / most
    base = TOP + HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{base + BOTTOM}" font-family="sans-serif" '
             'font-size="11">', '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>']
    for index, engine in enumerate(series):
        x = LEFT + index * 120
        parts.append(f'<rect x="{x}" y="30" width="10" height="10" fill="{COLOURS[index % len(COLOURS)]}"/>'
                     f'<text x="{x + 14}" y="39">{escape(engine)}</text>')
    steps = int(most * 4)
    for step in range(steps + 1):
        y = base - step / 4 * scale
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{width}" y2="{y:.1f}" stroke="{"#000" if step == 4 else "#ddd"}"/>'
                     f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step / 4:.2f}</text>')
    for place, program in enumerate(programs):
        left = LEFT + GAP + place * group
        for index, engine in enumerate(series):
            ratio = series[engine].get(program)
            if ratio is None:
                continue
            shown = min(ratio, most)
            x = left + index * BAR
            parts.append(f'<rect x="{x}" y="{base - shown * scale:.1f}" width="{BAR - 1}" height="{shown * scale:.1f}" '
                         f'fill="{COLOURS[index % len(COLOURS)]}"><title>{escape(program)} {escape(engine)} {ratio:.3f}</title></rect>')
            if ratio > most:
                parts.append(f'<text x="{x}" y="{TOP - 4}" font-size="8">{ratio:.1f}</text>')
        x = left + BAR * len(series) / 2
        parts.append(f'<text x="{x:.1f}" y="{base + 12}" transform="rotate(50 {x:.1f} {base + 12})">{escape(program)}</text>')
    parts.append("</svg>")
    return "\n".join(parts)
