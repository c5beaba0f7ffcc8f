"""The plot: a panel per curve, a line per peer."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, StrMethodFormatter

from benchmarks.growth.curves import CURVES, Curve
from benchmarks.growth.measuring import Results
from benchmarks.requests.measuring import Figures
from benchmarks.requests.plot import FLOOR, OTHERS, OURS, STYLE

LOOKS: Final = {
    "limit": ("limit", FLOOR),
    "bare": ("bare FastAPI", FLOOR),
    "usual": ("usual", OTHERS),
    "ours": ("this service", OURS),
}


def draw(results: Results, path: Path, title: str) -> None:
    """Write the plot of *results* to *path*, the same file for the same figures."""
    with mpl.rc_context(STYLE | {"svg.hashsalt": "growth"}):
        figure = Figure(figsize=(12, 8), layout="constrained")
        panels = figure.subplots(2, 2).flat
        for panel, (name, peers) in zip(panels, results.items(), strict=True):
            _draw_panel(panel, CURVES[name], peers)
        figure.suptitle(f"{title}: CPU time in µs; lines are the median round, ticks the best")
        figure.savefig(path, metadata={"Date": None})


def _draw_panel(panel: Any, curve: Curve, peers: dict[str, dict[int, Figures]]) -> None:
    places = [point.at for point in curve.points]
    for peer, figures in peers.items():
        label, color = LOOKS[peer]
        panel.plot(places, [figures[at].median for at in places], marker="o", markersize=4, color=color, label=label)
        panel.plot(places, [figures[at].best for at in places], linestyle="", marker="_", markersize=9, color="black")
    _set_axes(panel, curve, places)
    panel.set_title(curve.title, loc="left", fontweight="bold")
    panel.set_xlabel(curve.axis)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False)


def _set_axes(panel: Any, curve: Curve, places: list[int]) -> None:
    if "x" in curve.logarithmic:
        panel.set_xscale("log")
        panel.xaxis.set_minor_locator(NullLocator())
    if "y" in curve.logarithmic:
        panel.set_yscale("log")
        panel.yaxis.set_minor_formatter(NullFormatter())
    else:
        panel.set_ylim(bottom=0)
    panel.set_xticks(places)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
