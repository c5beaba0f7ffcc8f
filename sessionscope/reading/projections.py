"""Reading what replies show, and no more: rows become replies without mapped objects in between.

Statements are built once, each sent in one visit to the database; the connection is free again before a list is made.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from sessionscope.database.base import Base
from sessionscope.database.reads import AsyncReads
from sessionscope.reading.paging import ordering
from sessionscope.reading.schemas import Page, PageQuery, Reply

R = TypeVar("R", bound=Reply)

# Of one kind of list; each combination of filters and order is another statement.
_STATEMENTS: Final = 500


class Shown(Generic[R]):
    """The rows of a table as one kind of reply, whose fields are named as columns.

    Args:
        model: The mapped class.
        reply: What is shown of it.
        filters: Conditions by the names of the query's fields, each with a bind parameter of that name.
    """

    def __init__(self, model: type[Base], reply: type[R], filters: Mapping[str, ColumnElement[bool]]) -> None:
        self._model = model
        self._reply = reply
        self._page: Any = Page[reply]  # type: ignore[valid-type]
        self._filters = filters
        self._names = tuple(reply.model_fields)
        self._columns: Select[*tuple[Any, ...]] = select(*(getattr(model, name) for name in self._names))
        self._by_id = self._columns.where(model.__table__.c.id == bindparam("id"))
        self._statements = lru_cache(_STATEMENTS)(self._build)

    async def get(self, reads: AsyncReads, key: int) -> R | None:
        """Return the reply of one row, None where there is none."""
        return await reads.read(partial(self.find, key=key))

    def find(self, connection: Connection, key: int) -> R | None:
        """Return the reply of one row, None where *connection* sees none."""
        row = connection.execute(self._by_id, {"id": key}).first()
        return None if row is None else self._reply.model_validate(self._named(row))

    async def page(self, reads: AsyncReads, query: PageQuery) -> Page[R]:
        """Return a part of the rows that fit every filter that *query* sets, in its order, or by id."""
        values = {name: value for name in self._filters if (value := getattr(query, name)) is not None}
        part, count = self._statements(tuple(values), getattr(query, "sort", "id"))
        values |= {"limit": query.limit, "offset": query.offset}

        def read(connection: Connection) -> tuple[Sequence[Row[Any]], int]:
            rows = connection.execute(part, values).all()
            if rows:
                return rows, rows[0][-1]
            # Beyond the end no row says how many there are.
            return rows, connection.execute(count, values).scalar_one() if query.offset else 0

        rows, total = await reads.read(read)
        items = [self._named(row) for row in rows]
        page: Page[R] = self._page(items=items, total=total, limit=query.limit, offset=query.offset)
        return page

    def _build(self, filters: tuple[str, ...], sort: str) -> tuple[Select[*tuple[Any, ...]], Select[int]]:
        """Return the statement of a part, with the length of the whole list in each row, and that of the length."""
        conditions = [self._filters[name] for name in filters]
        count = select(func.count()).select_from(self._model).where(*conditions)
        # Without correlation, which would take the table of the one for that of the other.
        part = self._columns.add_columns(count.correlate(None).scalar_subquery()).where(*conditions)
        return part.order_by(*ordering(self._model, sort)).limit(bindparam("limit")).offset(bindparam("offset")), count

    def _named(self, row: Row[Any]) -> dict[str, Any]:
        # A list's rows have one column more than names, the length of the whole.
        return dict(zip(self._names, row, strict=False))
