"""Sizes in the picture, in pixels."""

from typing import Final

from sessionscope.observe.wiring.graph import Node

MARGIN: Final = 20
# Above the lanes: the title, and what the lines mean.
HEADER: Final = 76
LANE_HEADER: Final = 42
LANE_PADDING: Final = 16
LANE_GAP: Final = 14
FRAME_PADDING: Final = 18
BOX_HEIGHT: Final = 46
BOX_PADDING: Final = 13
BOX_GAP: Final = 18
ROW_GAP: Final = 44
CLUSTER_GAP: Final = 30
# A row takes as many boxes as fit into this width; one box may be wider.
WIDEST_ROW: Final = 960
# The title and its legend need this much.
NARROWEST: Final = 640
# Of a character in the two lines of a box. Every system's monospaced font has the same width, 0.6 of its size.
NAME_CHARACTER: Final = 7.4
DETAIL_CHARACTER: Final = 6.4


def detail_of(node: Node) -> str:
    """Return the second line in a box: what the provider makes, or what overrides it."""
    if node.overridden_by is not None:
        return f"overridden: {node.overridden_by}"
    return node.makes or node.kind


def width_of(node: Node) -> float:
    """Return the width of a box that both of its lines fit into."""
    text = max(len(node.short_name) * NAME_CHARACTER, len(detail_of(node)) * DETAIL_CHARACTER)
    return float(round(text + 2 * BOX_PADDING))
