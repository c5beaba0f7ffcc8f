"""An INSERT that doesn't wait on MariaDB."""

from typing import Any

from sqlalchemy.ext.compiler import compiles

from sessionscope.database.locks import insert_at_once


@compiles(insert_at_once, "mysql", "mariadb")
def _without_waiting(element: insert_at_once, compiler: Any, **options: Any) -> str:
    insert = compiler.visit_insert(element, **options)
    return f"SET STATEMENT innodb_lock_wait_timeout = 0 FOR {insert}" if compiler.dialect.is_mariadb else insert
