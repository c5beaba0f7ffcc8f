"""What `sessionscope` exports."""

import subprocess
import sys
from pathlib import Path

import pytest

import sessionscope

PAGE = Path(__file__).parents[2] / "docs" / "public_names.md"


class TestPublicNames:
    @pytest.mark.parametrize("name", sessionscope.__all__)
    def test_each_name_is_there_and_documented(self, name: str) -> None:
        """A name that is exported can be imported, and the page describes it."""
        assert hasattr(sessionscope, name)
        assert f"`{name}`" in PAGE.read_text()

    def test_at_most_thirty_public_names(self) -> None:
        """The number of exported names stays small enough to remember."""
        assert len(sessionscope.__all__) <= 30

    def test_a_name_that_is_not_there_is_an_attribute_error(self) -> None:
        """Lazy loading doesn't turn unknown names into attributes."""
        with pytest.raises(AttributeError, match="no attribute 'scop'"):
            getattr(sessionscope, "scop")  # noqa: B009 - a type checker knows that it isn't there

    def test_import_needs_neither_fastapi_nor_alembic(self) -> None:
        """A worker that serves no HTTP and runs no migrations may do without both."""
        hide = "import sys; sys.modules.update(dict.fromkeys(['fastapi', 'starlette', 'alembic']))"
        code = f"{hide}; import sessionscope; print(sessionscope.scope().__class__.__name__)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
        assert "Scope" == done.stdout.strip()
