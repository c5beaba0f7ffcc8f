"""Database mode: a database per test, whose sessions are what they are in production."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.database.engine import build_async_engine, build_engine
from tests.testkit.leaks import Watch
from tests.testkit.loops import run
from tests.testkit.template import MEMORY, Template


class OwnDatabase:
    """A pair of engines as the service builds them, on a database that each test finds as the template is.

    The engines are kept: what they have learned about statements would cost each test more than
    its rows do. So are their connections, except where somebody had to wait for one: that ties
    an async pool to the event loop of the test.
    """

    def __init__(self, template: Template, watch: Watch) -> None:
        self._template = template
        self._watch = watch
        self._open()

    @contextmanager
    def fresh(self) -> Generator[dict[str, Any], None, None]:
        """Restore the database; give what overrides a `DatabaseContainer`, by the provider's name."""
        if not self._is_whole() or not self._template.restore(self._location):
            # The test before may do what it likes to its database; this one is not to suffer.
            self.close()
            self._open()
        yield {"location": self._location, "engine": self._engine, "async_engine": self._async_engine}
        if _belongs_to_a_loop(self._async_engine.pool):
            run(self._async_engine.dispose())
            self._watch.keep(self._async_engine.sync_engine)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        run(self._async_engine.dispose())

    def _open(self) -> None:
        self._location = self._template.copy()
        self._inode = self._file.stat().st_ino
        self._engine = build_engine(MEMORY, self._location)
        self._async_engine = build_async_engine(MEMORY, self._location)
        self._watch.keep(self._engine, self._async_engine.sync_engine)

    @property
    def _file(self) -> Path:
        return Path(str(self._location.url.database))

    def _is_whole(self) -> bool:
        return self._file.exists() and self._file.stat().st_ino == self._inode


def _belongs_to_a_loop(pool: Any) -> bool:
    # There is no public way to ask; not knowing counts as yes.
    queue = getattr(getattr(pool, "_pool", None), "_queue", None)
    return getattr(queue, "_loop", pool) is not None
