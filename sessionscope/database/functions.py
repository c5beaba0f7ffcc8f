"""SQL functions that have different names on different databases."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, String, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class position_in(GenericFunction[int]):  # noqa: N801 - it is called like a function
    """The position of the second text in the first, counted from 1, or 0 if it isn't there."""

    type = Integer()
    inherit_cache = True


@compiles(position_in)
def _instr(element: position_in, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


def text_after(text: ColumnElement[str], separator: str) -> ColumnElement[str]:
    """Return the part of *text* after the first *separator*, or all of *text* if there is none."""
    return func.substr(text, position_in(text, separator) + len(separator), type_=String())
