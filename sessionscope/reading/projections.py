"""Reading what responses show, and no more: rows become responses without mapped objects in between.

Statements are built once, each sent in one visit to the database; the connection is free again before a list is made.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select
from sqlalchemy.orm import DeclarativeBase

from sessionscope.database.reads import AsyncReads
from sessionscope.reading.rows import RowFields
from sessionscope.reading.schemas import Page, PageQuery, ResponseBody

R = TypeVar("R", bound=ResponseBody)

# Of one kind of list; each combination of filters and order is another statement.
_STATEMENTS: Final = 500


class Projection(Generic[R]):
    """The rows of a table as one kind of response.

    Each field of the response shows the column of its name, unless *computed* has an expression for it. A field that
    is a response itself shows the row that the relationship of its name leads to, read by a join.

    Args:
        model: The mapped class.
        response: What is shown of it.
        filters: Conditions by the names of the query's fields, each with a bind parameter of that name. A condition
            on a joined row is written as ``Post.author.has(...)``.
        computed: Expressions by the names of the fields that show them.

    Raises:
        TypeError: A relationship leads to several rows, or may lead to none though the field can't be None.
    """

    def __init__(
        self,
        model: type[DeclarativeBase],
        response: type[R],
        *,
        filters: Mapping[str, ColumnElement[bool]] | None = None,
        computed: Mapping[str, ColumnElement[Any]] | None = None,
    ) -> None:
        self._model = model
        self._response = response
        self._page: Any = Page[response]  # type: ignore[valid-type]
        self._filters = filters or {}
        self._fields = RowFields(model, response, computed or {})
        self._selected = self._fields.joined_to(select(*self._fields.columns))
        self._by_id = self._selected.where(model.__table__.c.id == bindparam("id"))
        self._statements = lru_cache(_STATEMENTS)(self._build)

    async def get(self, reads: AsyncReads, key: int) -> R | None:
        """Return the response of one row, None where there is none."""
        return await reads.read(partial(self.find, key=key))

    def find(self, connection: Connection, key: int) -> R | None:
        """Return the response of one row, None where *connection* sees none."""
        row = connection.execute(self._by_id, {"id": key}).first()
        return None if row is None else self._response.model_validate(self._fields.named(row))

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
        items = [self._fields.named(row) for row in rows]
        page: Page[R] = self._page(items=items, total=total, limit=query.limit, offset=query.offset)
        return page

    def _build(self, filters: tuple[str, ...], sort: str) -> tuple[Select[*tuple[Any, ...]], Select[int]]:
        """Return the statement of a part, with the length of the whole list in each row, and that of the length."""
        conditions = [self._filters[name] for name in filters]
        count = select(func.count()).select_from(self._model).where(*conditions)
        # Without correlation, which would take the table of the one for that of the other.
        part = self._selected.add_columns(count.correlate(None).scalar_subquery()).where(*conditions)
        return part.order_by(*self._order(sort)).limit(bindparam("limit")).offset(bindparam("offset")), count

    def _order(self, sort: str) -> list[ColumnElement[Any]]:
        """Return the columns for *sort*, a field's name with a ``-`` before it for descending; ties by id."""
        name = sort.removeprefix("-")
        column = self._fields.expression(name)
        direction = column.desc() if sort.startswith("-") else column.asc()
        return [direction] if name == "id" else [direction, self._model.__table__.c.id.asc()]
