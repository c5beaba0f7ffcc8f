"""Signals: one part of the library says what happened, without knowing which other parts listen."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Signal(Generic[P]):
    """Calls its listeners, in the order in which they were added. They must be quick, and must not raise."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: tuple[Callable[P, object], ...] = ()

    @property
    def has_listeners(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._listeners)

    def add(self, listener: Callable[P, object]) -> None:
        """Call *listener* from now on. If it was added before, do nothing."""
        if listener not in self._listeners:
            self._listeners += (listener,)

    def remove(self, listener: Callable[P, object]) -> None:
        """Stop calling *listener*."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener(*args, **kwargs)
