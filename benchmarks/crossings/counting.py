"""Counts the functions of the project that are entered."""

import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple, Self

ROOT: Final = Path(__file__).parents[2]
OURS: Final = tuple(f"{ROOT / folder}/" for folder in ("sessionscope", "app", "containers", "config"))
# Newer versions of Python run comprehensions inside the function around them.
NOT_FUNCTIONS: Final = ("<module>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


class Function(NamedTuple):
    """A function of ours: its file, its first line, and its qualified name."""

    file: str
    line: int
    name: str


class Crossings:
    """Counts each call of a function of ours once, also that of a coroutine, however often it is resumed.

    Threads are watched if they are started inside the block ``with Crossings() as crossings``.

    Attributes:
        calls: How often each function was entered while recording.
    """

    def __init__(self) -> None:
        self.calls: Counter[Function] = Counter()
        self._is_recording = False
        # A coroutine has one frame for all of its life. Kept, so that no other frame gets its identity.
        self._frames: dict[int, FrameType] = {}

    def __enter__(self) -> Self:
        threading.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)

    @contextmanager
    def recording(self) -> Generator[None, None, None]:
        """Count from zero during the block."""
        self.calls.clear()
        self._is_recording = True
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._is_recording = False
            self._frames.clear()

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not self._is_recording or not code.co_filename.startswith(OURS):
            return
        if code.co_name not in NOT_FUNCTIONS and id(frame) not in self._frames:
            self._frames[id(frame)] = frame
            file = str(Path(code.co_filename).relative_to(ROOT))
            self.calls[Function(file, code.co_firstlineno, code.co_qualname)] += 1
