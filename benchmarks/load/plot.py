"""The plot: a row per number of workers, requests per second and latency over concurrency, a line per peer."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.load.field import FLOORS, OURS, title
from benchmarks.load.measuring import Results
from benchmarks.requests.field import PEERS
from benchmarks.requests.plot import FLOOR
from benchmarks.requests.plot import OURS as OUR_COLOR
from benchmarks.requests.plot import STYLE as BARS

STYLE: Final = BARS | {"svg.hashsalt": "load"}
# Lines cross, so each has a color of its own, and a mark for readers who can't tell colors apart.
OTHERS: Final = ("#30638e", "#00798c", "#8d6a9f", "#edae49", "#5b8c5a", "#7a5c3e")
MARKS: Final = "osD^vP"


def draw(found: dict[int, Results], path: Path, database: str) -> None:
    """Write the plot to *path*, the same file for the same figures; the keys are numbers of workers."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12, 4.5 * len(found)), layout="constrained")
        panels = figure.subplots(len(found), 2, squeeze=False)
        for row, (workers, results) in zip(panels, found.items(), strict=True):
            _draw_panel(row[0], results, "rate", f"{title(workers)}: requests per second")
            _draw_panel(row[1], results, "p99", f"{title(workers)}: 99th percentile of the latency, ms")
            row[1].set_yscale("log")
            row[0].set_ylim(bottom=0)
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        figure.suptitle(f"GET /users/{{id}} over HTTP, {database}; by the number of requests at a time")
        figure.savefig(path, metadata={"Date": None})


def _draw_panel(panel: Any, results: Results, what: str, heading: str) -> None:
    looks = _looks(results)
    for name, row in results.items():
        panel.plot(list(row), [getattr(each, what) for each in row.values()], label=PEERS[name], **looks[name])
    panel.set_xscale("log", base=4)
    ticks = list(next(iter(results.values())))
    panel.set_xticks(ticks, [str(tick) for tick in ticks])
    panel.minorticks_off()
    panel.set_title(heading, loc="left", fontweight="bold")
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25)


def _looks(results: Results) -> dict[str, dict[str, Any]]:
    others = [name for name in results if name not in (OURS, *FLOORS)]
    looks: dict[str, dict[str, Any]] = {
        name: {"color": color, "marker": mark, "markersize": 4, "linewidth": 1.2}
        for name, color, mark in zip(others, OTHERS, MARKS, strict=False)
    }
    for name, dashes in zip(FLOORS, ("--", ":"), strict=True):
        looks[name] = {"color": FLOOR, "linestyle": dashes}
    looks[OURS] = {"color": OUR_COLOR, "marker": "o", "linewidth": 2.5, "zorder": 3}
    return looks
