"""PostgreSQL's names of functions."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from sessionscope.database.functions import position_in
from sessionscope.database.locks import try_lock


@compiles(position_in, "postgresql")
def _strpos(element: position_in, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(try_lock, "postgresql")
def _advisory(element: try_lock, compiler: SQLCompiler, **options: Any) -> str:
    return f"pg_try_advisory_xact_lock({compiler.process(element.clauses, **options)})"
