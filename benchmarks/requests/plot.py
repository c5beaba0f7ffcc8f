"""The plot: a panel per endpoint, a bar per peer."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.requests.field import ENDPOINTS, PEERS
from benchmarks.requests.measuring import Results

OURS, FLOOR, OTHERS = "#d1495b", "#9aa5b1", "#30638e"
FLOORS = ("limit", "core", "bare")
# Text stays text, which is smaller; the same figures give the same file.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "requests", "font.family": "sans-serif", "font.size": 9}


def draw(results: Results, path: Path, title: str) -> None:
    """Write the plot of *results* to *path*, the same file for the same figures."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12, 8), layout="constrained")
        panels = figure.subplots(2, 2).flat
        for panel, (endpoint, peers) in zip(panels, results.items(), strict=False):
            _draw_panel(panel, endpoint, {name: (each.median, each.best) for name, each in peers.items()})
        figure.suptitle(f"{title}: CPU time per request in µs; bars are the median round, ticks the best")
        figure.savefig(path, metadata={"Date": None})


def _draw_panel(panel: Any, endpoint: str, times: dict[str, tuple[float, float]]) -> None:
    names = sorted(times, key=lambda name: times[name], reverse=True)
    panel.barh(
        [PEERS[name] for name in names], [times[name][0] for name in names], color=[_color(name) for name in names]
    )
    for place, (median, best) in enumerate(times[name] for name in names):
        panel.plot(best, place, marker="|", markersize=9, color="black")
        panel.annotate(f"{median:.0f}", (median, place), (5, 0), textcoords="offset points", va="center")
    panel.set_title(ENDPOINTS[endpoint].title, loc="left", fontweight="bold")
    panel.spines[["top", "right"]].set_visible(False)
    panel.margins(x=0.12)


def _color(name: str) -> str:
    if name.startswith("ours"):
        return OURS
    return FLOOR if name in FLOORS else OTHERS
