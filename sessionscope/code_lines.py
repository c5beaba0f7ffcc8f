"""Finds the line of a service's or a test's own code that is running."""

import sys
from contextvars import ContextVar
from functools import lru_cache
from inspect import currentframe
from pathlib import Path
from typing import Final, NamedTuple

from greenlet import getcurrent  # type: ignore[import-untyped]

# The library, wherever it is installed.
_LIBRARY: Final = str(Path(__file__).parent)
_ROOT: Final = Path.cwd()
_NOT_OURS: Final = (_LIBRARY, sys.base_prefix, "<")
_INSTALLED: Final = ("site-packages", "dist-packages")


class CodeLine(NamedTuple):
    """A line of code. Its text, such as ``app/x.py:7 in f``, is made only when it is shown."""

    filename: str
    number: int
    function: str

    @property
    def is_known(self) -> bool:
        """Whether there was such a line."""
        return self.number > 0

    def __str__(self) -> str:
        path = Path(self.filename)
        shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path
        return f"{shown}:{self.number} in {self.function}"


_UNKNOWN: Final = CodeLine("an unknown file", 0, "an unknown function")
# The line that waits for the running thread, if a thread runs the library's code for it.
waiting_line: ContextVar[CodeLine] = ContextVar("waiting_line", default=_UNKNOWN)


def code_line() -> CodeLine:
    """Return the innermost line outside this library and installed packages, or the one that waits for this thread.

    It looks from here outwards, through SQLAlchemy's greenlets up to the waiting coroutine.
    """
    frame = currentframe()
    greenlet = getcurrent()
    while greenlet is not None:
        while frame is not None:
            code = frame.f_code
            if _is_own(code.co_filename):
                return CodeLine(code.co_filename, frame.f_lineno, code.co_name)
            frame = frame.f_back
        greenlet = greenlet.parent
        frame = greenlet.gr_frame if greenlet is not None else None
    return waiting_line.get()


def raised_at(error: BaseException) -> CodeLine | None:
    """Return the innermost line outside this library and installed packages that *error* went through, or None."""
    found = None
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if _is_own(code.co_filename):
            found = CodeLine(code.co_filename, traceback.tb_lineno, code.co_name)
        traceback = traceback.tb_next
    return found


# Pools ask for each file between a checkout and the service's code, at each checkout.
@lru_cache(maxsize=4096)
def _is_own(filename: str) -> bool:
    return not filename.startswith(_NOT_OURS) and not any(part in filename for part in _INSTALLED)
