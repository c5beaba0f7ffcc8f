"""Objects that tell when they were closed."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any


class Probe:
    """A thing with a ``close()``; writes its name into a shared list when closed."""

    def __init__(self, name: str = "probe", closed: list[str] | None = None) -> None:
        self.name = name
        self.closed = closed if closed is not None else []

    def close(self) -> None:
        """Close, and say so."""
        self.closed.append(self.name)


class AsyncProbe(Probe):
    """A thing whose ``close()`` is a coroutine that really waits."""

    async def close(self) -> None:  # type: ignore[override]
        """Close after a turn of the loop."""
        await asyncio.sleep(0)
        self.closed.append(self.name)


class Stubborn(Probe):
    """A thing that can't be closed."""

    def close(self) -> None:
        """Fail."""
        raise OSError(f"{self.name} is stuck")


def generated(closed: list[Any]) -> Generator[str, None, None]:
    """Yield a value; write down how the scope ended: a name of an exception, or None."""
    try:
        yield "value"
    except BaseException as error:
        closed.append(type(error).__name__)
        raise
    else:
        closed.append(None)


async def async_generated(closed: list[Any]) -> AsyncGenerator[str, None]:
    """As `generated`, asynchronously."""
    try:
        yield "value"
    except BaseException as error:
        closed.append(type(error).__name__)
        raise
    else:
        closed.append(None)
