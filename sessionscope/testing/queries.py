"""Records the SQL statements of a block, and limits their number."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, event

from sessionscope.code_lines import CodeLine, code_line

# Tests don't count the statements that begin and end transactions: there are more of them in transaction mode.
_NOT_COUNTED: Final = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")


@dataclass(frozen=True)
class Query:
    """One statement, and the line of code that sent it."""

    statement: str
    line: CodeLine


@dataclass
class QueryLog:
    """The statements of a block, in order, without those that only begin or end transactions."""

    queries: list[Query] = field(default_factory=list)

    @property
    def statements(self) -> list[str]:
        """The SQL texts."""
        return [query.statement for query in self.queries]

    def assert_max_queries(self, most: int) -> None:
        """Check that at most *most* statements were sent.

        Raises:
            AssertionError: There were more. The text shows each statement with its line, and marks repeated ones,
                which may be N+1 loads.
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
    """Record every statement that any engine in the process sends during the block."""
    log = QueryLog()

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(_NOT_COUNTED):
            log.queries.append(Query(statement, code_line()))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield log
    finally:
        event.remove(Engine, "before_cursor_execute", record)
