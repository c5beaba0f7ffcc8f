"""Projections: they read just the columns that responses show, without mapped objects in between.

Statements are built once. Each is sent in one visit, so the connection is free again before the responses are made.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, inspect, select
from sqlalchemy.orm import DeclarativeBase

from sessionscope.database.reads import AsyncReads
from sessionscope.reading.rows import RowFields
from sessionscope.reading.schemas import Page, PageQuery, ResponseBody

R = TypeVar("R", bound=ResponseBody)

# The limit for one projection. Each combination of filters and order is a statement of its own.
_STATEMENTS: Final = 500


class Projection(Generic[R]):
    """Reads the rows of a table as one kind of response.

    Each field of the response shows the column with the same name, unless *computed* has an expression for it. A
    field that is itself a response shows the row at the other end of the relationship with the same name. That row
    is read by a join. The primary key may have any type. If it has several columns, it is a tuple, in the order of the
    mapped class.

    Args:
        model: The mapped class.
        response: The class of the response.
        filters: Conditions by the names of the query's fields. Each has a bind parameter with that name. Write a
            condition on a joined row as ``Post.author.has(...)``.
        computed: Expressions by the names of the fields that show them.

    Raises:
        TypeError: A relationship leads to several rows, or it may lead to no row although the field can't be None.
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
        self._primary_key = inspect(model).primary_key
        self._key_names = [inspect(model).get_property_by_column(column).key for column in self._primary_key]
        self._response = response
        self._page: Any = Page[response]  # type: ignore[valid-type]
        self._filters = filters or {}
        self._fields = RowFields(model, response, computed or {})
        self._selected = self._fields.joined_to(select(*self._fields.columns))
        self._names = {field.alias or name: name for name, field in response.model_fields.items()}
        self._key_parameters = [f"key_{name}" for name in self._key_names]
        parameters = zip(self._primary_key, self._key_parameters, strict=True)
        is_the_row = [column == bindparam(name, type_=column.type) for column, name in parameters]
        self._by_key = self._selected.where(*is_the_row)
        self._statements = lru_cache(_STATEMENTS)(self._build)

    async def get(self, reads: AsyncReads, key: Any) -> R | None:
        """Return the response for one row, or None if there is no such row."""
        return await reads.read(partial(self.find, key=key))

    def find(self, connection: Connection, key: Any) -> R | None:
        """Return the response for one row, or None if *connection* sees no such row."""
        parts: tuple[Any, ...] = (key,) if len(self._key_names) == 1 else key
        row = connection.execute(self._by_key, dict(zip(self._key_parameters, parts, strict=True))).first()
        return None if row is None else self._response.model_validate(self._fields.named(row))

    async def page(self, reads: AsyncReads, query: PageQuery) -> Page[R]:
        """Return a page of the rows that match every filter in *query*, in the order of its ``sort``.

        Without one, they are in the order of the primary key.
        """
        return self._page_of(await reads.read(partial(self._rows, query=query)), query)

    def find_page(self, connection: Connection, query: PageQuery) -> Page[R]:
        """Return the page that `page` returns, as *connection* sees it."""
        return self._page_of(self._rows(connection, query), query)

    def _rows(self, connection: Connection, query: PageQuery) -> tuple[Sequence[Row[Any]], int]:
        """Return the rows of a page, and the total."""
        values = {name: value for name in self._filters if (value := getattr(query, name)) is not None}
        part, count = self._statements(tuple(values), getattr(query, "sort", ""))
        values |= {"limit": query.limit, "offset": query.offset}
        rows = connection.execute(part, values).all()
        if rows:
            return rows, rows[0][-1]
        # Beyond the end, there is no row that has the total.
        return rows, connection.execute(count, values).scalar_one() if query.offset else 0

    def _page_of(self, found: tuple[Sequence[Row[Any]], int], query: PageQuery) -> Page[R]:
        rows, total = found
        items = [self._fields.named(row) for row in rows]
        page: Page[R] = self._page(items=items, total=total, limit=query.limit, offset=query.offset)
        return page

    def _build(self, filters: tuple[str, ...], sort: str) -> tuple[Select[*tuple[Any, ...]], Select[int]]:
        """Return a statement for a page, with the total in each row, and a statement for the total alone."""
        conditions = [self._filters[name] for name in filters]
        count = select(func.count()).select_from(self._model).where(*conditions)
        # Without this, SQLAlchemy would correlate the subquery with the outer table.
        part = self._selected.add_columns(count.correlate(None).scalar_subquery()).where(*conditions)
        return part.order_by(*self._order(sort)).limit(bindparam("limit")).offset(bindparam("offset")), count

    def _order(self, sort: str) -> list[ColumnElement[Any]]:
        """Return the columns to order by. *sort* is a field's name, with a leading ``-`` for descending order.

        The name is that which clients see. Ties are in the order of the primary key.
        """
        key: list[ColumnElement[Any]] = [column.asc() for column in self._primary_key]
        if not sort:
            return key
        shown = sort.removeprefix("-")
        column = self._fields.expression(self._names.get(shown, shown))
        direction = column.desc() if sort.startswith("-") else column.asc()
        return [direction] if self._key_names == [self._names.get(shown)] else [direction, *key]
