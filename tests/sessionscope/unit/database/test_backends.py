"""Everything that differs between databases is in one folder each."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import sessionscope
from sessionscope.database.backends import ALL_BACKENDS, BACKENDS, backend_of
from sessionscope.database.url import DRIVERS

LIBRARY: Final = Path(sessionscope.__file__).parent
# The test kit starts servers, the settings refuse a URL before anything of it is installed, and the template is not
# a part of the library.
ELSEWHERE: Final = (
    LIBRARY / "database" / "backends",
    LIBRARY / "testing",
    LIBRARY / "settings" / "url.py",
    LIBRARY / "template",
)
NAMES: Final = {part for name in DRIVERS for part in name.split("+")}
FOLDERS: Final = tuple(f"sessionscope.database.backends.{name}" for name in ("sqlite", "postgresql", "mysql"))


def sources() -> Iterator[Path]:
    """Yield the library's files that must not know any kind of database."""
    for file in LIBRARY.rglob("*.py"):
        if not any(file.is_relative_to(place) for place in ELSEWHERE):
            yield file


def kinds_named_in(source: str) -> list[str]:
    """Return each dialect or driver that *source* names in quotes, and each import of code for one of them."""
    named: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition("+")[0] in NAMES:
            named.append(node.value)
        elif isinstance(node, ast.Import):
            named += [each.name for each in node.names if is_of_one_kind(each.name)]
        elif isinstance(node, ast.ImportFrom) and is_of_one_kind(node.module or ""):
            named.append(str(node.module))
    return named


def is_of_one_kind(module: str) -> bool:
    """Tell whether *module* is a driver, or code for one kind of database."""
    return module.partition(".")[0] in NAMES or module.startswith(("sqlalchemy.dialects", "sqlite3", *FOLDERS))


class TestBorder:
    def test_only_backends_name_a_dialect_or_a_driver(self) -> None:
        """The rest of the library asks a backend, so a new kind of database is a folder and a line in a table."""
        found = {str(file.relative_to(LIBRARY)): kinds_named_in(file.read_text()) for file in sources()}
        assert 50 < len(found)
        assert {} == {name: kinds for name, kinds in found.items() if kinds}

    @pytest.mark.parametrize(
        "source",
        [
            'if dialect.name == "mysql": pass',
            'DRIVERS = {"postgresql+asyncpg": 1}',
            "if name in ('mariadb',): pass",
            "from sqlalchemy.dialects.postgresql import insert",
            "from sessionscope.database.backends.mysql.tls import TLS",
            "import asyncpg",
        ],
    )
    def test_each_way_to_name_a_kind_of_database_is_found(self, source: str) -> None:
        """A comparison, a table and an import count; prose does not."""
        assert 1 == len(kinds_named_in(source))
        assert [] == kinds_named_in('"""Does more on mysql and postgresql."""')


class TestBackendOf:
    def test_every_scheme_and_dialect_has_a_backend(self) -> None:
        """The URL's scheme finds it, as well as the name that SQLAlchemy gives to the dialect."""
        assert {"sqlite", "postgres", "postgresql", "mysql", "mariadb"} == BACKENDS.keys()
        assert backend_of("mysql") is backend_of("mariadb")
        assert set(ALL_BACKENDS) == set(BACKENDS.values())
