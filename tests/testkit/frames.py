"""Which line of the project's own code is at work."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from greenlet import getcurrent  # type: ignore[import-untyped]

_HERE: Final = str(Path(__file__).parent)
_ROOT: Final = Path.cwd()


def code_line() -> str:
    """Return the innermost line outside of installed packages and this kit, as ``app/x.py:7 in f``."""
    for frame in _frames():
        filename = frame.f_code.co_filename
        if "site-packages" in filename or filename.startswith((_HERE, sys.base_prefix, "<")):
            continue
        path = Path(filename)
        shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path
        return f"{shown}:{frame.f_lineno} in {frame.f_code.co_name}"
    return "an unknown line"


def _frames() -> Iterator[FrameType]:
    """Yield the frames from here outwards, also through SQLAlchemy's greenlets to the coroutine that waits."""
    frame: FrameType | None = sys._getframe(2)
    greenlet = getcurrent()
    while greenlet is not None:
        while frame is not None:
            yield frame
            frame = frame.f_back
        greenlet = greenlet.parent
        frame = greenlet.gr_frame if greenlet is not None else None
