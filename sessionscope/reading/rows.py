"""Maps the fields of a response, and of the responses inside it, to the columns of a row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

from sqlalchemy import ColumnElement, Select, inspect
from sqlalchemy.orm import MANYTOONE, aliased

from sessionscope.reading.schemas import ResponseBody


class _Joined(NamedTuple):
    """A response inside another one.

    Attributes:
        key: Position of the primary key, which is None if there is no joined row.
        columns: Positions of the response's columns.
    """

    relationship: Any
    fields: "RowFields"
    is_optional: bool
    key: int
    columns: slice


class RowFields:
    """The fields of a response. Selects their columns, and turns a row into their values.

    Args:
        entity: A mapped class, or an alias of one.
        response: The class of the response.
        computed: Expressions by the names of the fields that show them. The other fields show columns.

    Raises:
        TypeError: As for `Projection`.
    """

    def __init__(
        self, entity: Any, response: type[ResponseBody], computed: Mapping[str, ColumnElement[Any]] | None = None
    ) -> None:
        self._entity = entity
        self._computed = computed or {}
        inner = {name: _response_in(field.annotation) for name, field in response.model_fields.items()}
        self._names = tuple(name for name, kind in inner.items() if kind is None)
        self.columns = [self.expression(name) for name in self._names]
        self._joined: dict[str, _Joined] = {}
        for name, kind in inner.items():
            if kind is not None:
                self._join(name, kind, is_optional=type(None) in get_args(response.model_fields[name].annotation))

    def expression(self, name: str) -> Any:
        """Return the column or expression that the field *name* shows."""
        return self._computed[name] if name in self._computed else getattr(self._entity, name)

    def joined_to(self, statement: Select[*tuple[Any, ...]], *, is_optional: bool = False) -> Select[*tuple[Any, ...]]:
        """Return *statement* with the joins that the columns need: outer joins if a row may be missing."""
        for each in self._joined.values():
            isouter = is_optional or each.is_optional
            statement = each.fields.joined_to(statement.join(each.relationship, isouter=isouter), is_optional=isouter)
        return statement

    def named(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return the values of *row* by the names of the fields. The row may have more columns."""
        values = dict(zip(self._names, row, strict=False))
        for name, each in self._joined.items():
            values[name] = None if row[each.key] is None else each.fields.named(row[each.columns])
        return values

    def _join(self, name: str, response: type[ResponseBody], *, is_optional: bool) -> None:
        relationship = inspect(self._entity).mapper.relationships[name]
        if relationship.uselist:
            raise TypeError(f"{relationship} leads to several rows: read them in a separate visit")
        has_one = relationship.direction is MANYTOONE and not any(key.nullable for key in relationship.local_columns)
        if not has_one and not is_optional:
            raise TypeError(f"{relationship} may lead to no row: declare the field as {response.__name__} | None")
        target = aliased(relationship.entity.class_)
        fields = RowFields(target, response)
        key = len(self.columns)
        primary_key = relationship.mapper.get_property_by_column(relationship.mapper.primary_key[0]).key
        self.columns += [getattr(target, primary_key), *fields.columns]
        to = getattr(self._entity, name).of_type(target)
        self._joined[name] = _Joined(to, fields, is_optional, key, slice(key + 1, len(self.columns)))


def _response_in(annotation: Any) -> type[ResponseBody] | None:
    """Return the response class that a field of this type shows, or None if it shows a plain value."""
    kinds = [
        each
        for each in (annotation, *get_args(annotation))
        if isinstance(each, type) and issubclass(each, ResponseBody)
    ]
    return kinds[0] if kinds else None
