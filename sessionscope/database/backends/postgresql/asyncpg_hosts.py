"""Connects asyncpg to the first of several hosts that fits. asyncpg's own timeout is for all hosts together."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

# How long a host is alone before the next one is tried too. A server that works answers much sooner.
HEAD_START_SECONDS: Final = 1.0
# How long a host that was right is tried first. After that, the order of the URL counts again.
REMEMBERED_SECONDS: Final = 60.0
# Which kinds of server to look for, one after the other.
_PREFERENCES: Final = {"prefer-standby": ("standby", "any")}

Connect = Callable[[], Coroutine[Any, Any, Any]]
_Address = tuple[str, int]


class FirstHost:
    """Connects to the first of several hosts that fits, and remembers for a while which one it was."""

    def __init__(self) -> None:
        self._last: _Address | None = None
        self._until = 0.0

    async def connect(self, *, host: list[str], port: list[int], target_session_attrs: str, **keywords: Any) -> Any:
        """Return a connection of asyncpg. Each host has the full timeout.

        Raises:
            Exception: The error of the host that failed last.
        """
        addresses = self._in_order(list(zip(host, port, strict=True)))
        failure: Exception | None = None
        for kind in _PREFERENCES.get(target_session_attrs, (target_session_attrs,)):
            attempts = [partial(self._connect, each, target_session_attrs=kind, **keywords) for each in addresses]
            try:
                return await first_of(attempts, passed_over=_passed_over())
            except _passed_over() as error:
                failure = error
        raise failure or TimeoutError

    def _in_order(self, addresses: list[_Address]) -> list[_Address]:
        is_remembered = time.monotonic() < self._until
        # The sort is stable.
        return sorted(addresses, key=lambda each: not (is_remembered and each == self._last))

    async def _connect(self, address: _Address, **keywords: Any) -> Any:
        driver: Any = import_module("asyncpg")
        connection = await driver.connect(host=address[0], port=address[1], **keywords)
        self._last, self._until = address, time.monotonic() + REMEMBERED_SECONDS
        return connection


async def first_of(attempts: Sequence[Connect], *, passed_over: tuple[type[Exception], ...]) -> Any:
    """Return the first connection that one of *attempts* makes.

    An attempt begins when the one before it has failed or had its head start, which then goes on. The connections of
    attempts that come too late are closed.

    Args:
        attempts: They make a connection each.
        passed_over: Errors after which the others go on. Any other error is raised at once.

    Raises:
        Exception: The error of the attempt that failed last.
    """
    next_ones, running, late = list(attempts), set[asyncio.Task[Any]](), set[asyncio.Task[Any]]()
    failure: Exception = TimeoutError()
    try:
        while next_ones or running:
            if next_ones:
                running.add(asyncio.ensure_future(next_ones.pop(0)()))
            limit = HEAD_START_SECONDS if next_ones else None
            done, running = await asyncio.wait(running, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            late = set(done)
            while late:
                try:
                    return late.pop().result()
                except passed_over as error:
                    failure = error
        raise failure
    finally:
        for task in running | late:
            task.cancel()
            task.add_done_callback(_close)


def _close(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _passed_over() -> tuple[type[Exception], ...]:
    errors: Any = import_module("asyncpg").exceptions
    return (
        OSError,
        errors.CannotConnectNowError,
        errors.ConnectionDoesNotExistError,
        errors.TargetServerAttributeNotMatched,
    )
