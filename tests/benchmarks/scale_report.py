"""The table and the chart of scale.py."""

import csv
import importlib.metadata
import math
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

COLUMNS = {
    "deals": "{:,}",
    "hop": "{}",
    "wall": "{:.1f}",
    "cpu": "{:.1f}",
    "cpu_ms_per_deal": "{:.2f}",
    "peak_gib": "{:.2f}",
    "read_gb": "{:.2f}",
    "written_gb": "{:.2f}",
}
HEADS = {
    "deals": "deals",
    "hop": "hop",
    "wall": "wall s",
    "cpu": "CPU s",
    "cpu_ms_per_deal": "CPU ms a deal",
    "peak_gib": "peak GiB",
    "read_gb": "read GB",
    "written_gb": "written GB",
}
VERSIONS = ("duckdb", "pandas", "scikit-learn", "numpy", "dagster")
# Colours that people who see few colours tell apart (Okabe and Ito).
COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#999999")
WIDE, HIGH, LEFT, RIGHT, TOP, BELOW = 720, 440, 70, 150, 32, 50


def line(row: Mapping[str, object]) -> str:
    """One row for a terminal."""
    return (
        f"  {row['hop']:<16}{row['wall']:>9.1f} s wall{row['cpu']:>9.1f} s CPU"
        f"{row['peak_gib']:>7.2f} GiB peak{row['read_gb']:>8.2f} GB read"
        f"{row['written_gb']:>8.2f} GB written"
    )


def machine() -> str:
    """Processor, cores, memory, versions, and what else kept the processor busy."""
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [text.partition(":")[2].strip() for text in told if text.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB of memory, {platform.system()}, Python {platform.python_version()}, "
        f"{versions}. The load of the last 15 minutes was {os.getloadavg()[2]:.1f}: much above the "
        "number of cores, wall seconds tell of other work too, and CPU seconds of this"
    )


def _ticks(low: float, high: float) -> list[int]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return list(range(first, max(last, first + 1) + 1))


def chart(rows: Sequence[Mapping[str, object]]) -> str:
    """CPU seconds against deals, both in powers of ten, a line for each hop, as SVG."""
    hops = [hop for hop in dict.fromkeys(row["hop"] for row in rows) if "bare" not in hop]
    points = {
        hop: [(row["deals"], max(row["cpu"], 0.1)) for row in rows if row["hop"] == hop]
        for hop in hops
    }
    every = [point for found in points.values() for point in found]
    across = _ticks(min(x for x, _ in every), max(x for x, _ in every))
    up = _ticks(min(y for _, y in every), max(y for _, y in every))

    def place(x: float, y: float) -> tuple[float, float]:
        part_x = (math.log10(x) - across[0]) / (across[-1] - across[0])
        part_y = (math.log10(y) - up[0]) / (up[-1] - up[0])
        return LEFT + part_x * (WIDE - LEFT - RIGHT), HIGH - BELOW - part_y * (HIGH - TOP - BELOW)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>CPU seconds of each hop against the number of deals</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="#ffffff"/>',
    ]
    for power in across:
        x, y = place(10**power, 10 ** up[0])
        drawn.append(f'<path d="M{x:.1f} {TOP}V{y:.1f}" stroke="#dddddd"/>')
        drawn.append(
            f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{10**power:,}</text>'
        )
    for power in up:
        x, y = place(10 ** across[0], 10**power)
        drawn.append(f'<path d="M{x:.1f} {y:.1f}H{WIDE - RIGHT}" stroke="#dddddd"/>')
        drawn.append(
            f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>'
        )
    middle = (LEFT + WIDE - RIGHT) / 2
    drawn.append(f'<text x="{middle:.1f}" y="{HIGH - 8}" text-anchor="middle">deals</text>')
    drawn.append(f'<text x="4" y="{TOP - 16}">CPU seconds</text>')
    lowest = math.inf
    for hop in sorted(hops, key=lambda name: points[name][-1][1]):
        colour = COLOURS[hops.index(hop) % len(COLOURS)]
        at = [place(*point) for point in points[hop]]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in at]
        # Names keep a line's height between them.
        lowest = min(at[-1][1], lowest - 15)
        drawn.append(
            f'<text x="{at[-1][0] + 10:.1f}" y="{lowest + 4:.1f}" fill="{colour}">{hop}</text>'
        )
    return "\n".join([*drawn, "</svg>"]) + "\n"


def write(folder: Path, rows: Sequence[dict[str, object]], command: str) -> None:
    """bench.csv, bench.md and bench.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    told = [{**row, "cpu_ms_per_deal": 1000 * row["cpu"] / row["deals"]} for row in rows]
    with (folder / "bench.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["csv_gb", *COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in row.items()
            }
            for row in told
        )
    sizes = dict.fromkeys((row["deals"], row["csv_gb"]) for row in rows)
    text = [
        "# What a night costs",
        "",
        f"`{command}`",
        "",
        f"{machine()}.",
        "",
        "Each hop and the whole night in a process of its own, its start included; DuckDB's "
        "memory_limit is 3 GB. Bytes are those that the process asked the system for, from disk "
        "or from its cache.",
        "",
        "Exports: " + ", ".join(f"{deals:,} deals {size:.2f} GB" for deals, size in sizes) + ".",
        "",
        "| " + " | ".join(HEADS[name] for name in COLUMNS) + " |",
        "| " + " | ".join("---" if name == "hop" else "---:" for name in COLUMNS) + " |",
    ]
    for row in told:
        cells = (form.format(row[name]) for name, form in COLUMNS.items())
        text.append("| " + " | ".join(cells) + " |")
    text += ["", "![CPU seconds of each hop against the number of deals](bench.svg)", ""]
    (folder / "bench.md").write_text("\n".join(text), encoding="utf-8")
    if any("bare" not in row["hop"] for row in rows):
        (folder / "bench.svg").write_text(chart(rows), encoding="utf-8")
