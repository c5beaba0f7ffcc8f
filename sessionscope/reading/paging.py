"""A part of a list, in a stable order, with the length of the whole."""

from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.base import ExecutableOption

T = TypeVar("T")


class PageOf(NamedTuple, Generic[T]):
    """Objects in the order asked for, and how many there are in all."""

    items: list[T]
    total: int
    limit: int
    offset: int


def fetch_page(  # noqa: PLR0913 - the parts of one SELECT
    session: Session,
    statement: Select[T],
    *,
    order: tuple[Any, ...],
    limit: int,
    offset: int,
    options: tuple[ExecutableOption, ...] = (),
) -> PageOf[T]:
    """Return one part of what *statement* selects.

    Args:
        session: Where to ask.
        statement: Selects mapped objects, filtered, without order.
        order: Columns, of which the last is unique: equal rows must not change places between two parts.
        limit: Longest part.
        offset: How many to leave out first.
        options: How to load what is related; of no matter for the count.
    """
    total = session.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    rows = session.scalars(statement.options(*options).order_by(*order).limit(limit).offset(offset))
    return PageOf(list(rows), total or 0, limit, offset)


def ordering(model: Any, sort: str) -> tuple[Any, ...]:
    """Return the columns for *sort*, a field's name with a ``-`` before it for descending; ties by id."""
    column: InstrumentedAttribute[Any] = getattr(model, sort.removeprefix("-"))
    direction = column.desc() if sort.startswith("-") else column.asc()
    return (direction,) if column.key == "id" else (direction, model.id.asc())
