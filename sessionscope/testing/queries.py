"""Seeing the SQL of a block of a test, and holding it to a number of statements."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, event

from sessionscope.testing.frames import CodeLine, code_line

# What ends and begins transactions is not what a test counts: in transaction mode there is more of it.
_NOT_COUNTED: Final = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")


@dataclass(frozen=True)
class Query:
    """One statement, and the line of code that sent it."""

    statement: str
    line: CodeLine


@dataclass
class QueryLog:
    """The statements of a block, in order; those that only begin or end transactions are left out."""

    queries: list[Query] = field(default_factory=list)

    @property
    def statements(self) -> list[str]:
        """The SQL texts alone."""
        return [query.statement for query in self.queries]

    def assert_max_queries(self, most: int) -> None:
        """Hold that at most *most* statements were sent.

        Raises:
            AssertionError: There were more; shows each with its line, and which were repeated, as N+1 loads are.
        """
        __tracebackhide__ = True
        if len(self.queries) > most:
            raise AssertionError(f"{len(self.queries)} statements instead of at most {most}:\n{self}")

    def __len__(self) -> int:
        return len(self.queries)

    def __str__(self) -> str:
        counted = Counter(self.queries)
        return "\n".join(
            f"  {f'{count} times (N+1?): ' if count > 1 else ''}{' '.join(query.statement.split())}\n    {query.line}"
            for query, count in counted.items()
        )


@contextmanager
def query_log() -> Generator[QueryLog, None, None]:
    """Record every statement that any engine of the process sends during the block."""
    log = QueryLog()

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(_NOT_COUNTED):
            log.queries.append(Query(statement, code_line()))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield log
    finally:
        event.remove(Engine, "before_cursor_execute", record)
