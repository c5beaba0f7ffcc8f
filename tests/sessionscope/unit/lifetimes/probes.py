"""Objects that record when they were closed."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any, Self


class Log(list[Any]):
    """A list that stays the same one where a container copies what its providers are given."""

    def __deepcopy__(self, _: object) -> "Log":
        return self


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


class Ways:
    """A thing with every method that closes; writes down which were called."""

    def __init__(self, closed: list[str]) -> None:
        self.closed = closed

    def dispose(self) -> None:
        """Be closed the first way."""
        self.closed.append("dispose")

    async def aclose(self) -> None:
        """Be closed the second way."""
        await asyncio.sleep(0)
        self.closed.append("aclose")

    def close(self) -> None:
        """Be closed the third way."""
        self.closed.append("close")


class Client:
    """A thing that only ``aclose()`` closes, as an HTTP client is."""

    def __init__(self, closed: list[str]) -> None:
        self.closed = closed

    async def __aenter__(self) -> Self:
        """Do as HTTP clients do: it is optional."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close after a turn of the loop."""
        await asyncio.sleep(0)
        self.closed.append("aclose")


class Broker:
    """A thing that works only between opening and closing, in the event loop that opened it."""

    def __init__(self, log: list[str], name: str = "broker") -> None:
        self.log, self.name = log, name
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        """Connect."""
        await asyncio.sleep(0)
        self.loop = asyncio.get_running_loop()
        self.log.append(f"{self.name} opened")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        assert self.loop is asyncio.get_running_loop()
        await asyncio.sleep(0)
        self.loop = None
        self.log.append(f"{self.name} closed")

    async def publish(self, message: str) -> str:
        """Return the message, sent."""
        assert self.loop is asyncio.get_running_loop()
        await asyncio.sleep(0)
        return f"sent {message}"
