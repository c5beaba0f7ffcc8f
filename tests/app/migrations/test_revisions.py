"""The commands that write new migrations, tested in a copy of the project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.commands.commands import ROOT

ALEMBIC = ("alembic", "revision", "--autogenerate")
APP = ("app", "db", "revision")
# Python runs this file first when it starts, if the folder is on its path.
HIDES_RUFF = 'import sys\n\nsys.modules["ruff"] = None\n'
BOOK = '''
"""A book."""

from sqlalchemy.orm import Mapped, mapped_column

from sessionscope.database import Base


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
'''

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """Give a copy of the files that write migrations, in a path with a space."""
    project = tmp_path / "a project"
    for folder in ("alembic", "app", "config", "sessionscope"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", project)
    return project


@pytest.fixture(name="run")
def _run(project: Path, tmp_path: Path) -> Run:
    """Give a function that runs a module's command in the project, on a database of its own."""

    def run(*command: str, cwd: Path = project, path: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", *command],
            cwd=cwd,
            env=os.environ | {"APP_DATABASE__URL": f"sqlite:///{tmp_path}/fresh.db", "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(name="without_ruff")
def _without_ruff(tmp_path: Path) -> str:
    """Give a folder that hides ruff from each Python that has it on its path."""
    folder = tmp_path / "hiding"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDES_RUFF)
    return str(folder)


def name_users(project: Path) -> None:
    """Add a column to users."""
    with (project / "app" / "users" / "model.py").open("a") as file:
        file.write("    nickname: Mapped[str | None] = mapped_column(String(10))\n")


def written(project: Path, message: str) -> str:
    """Return the text of the migration whose message ends its file's name."""
    [path] = (project / "alembic" / "versions").glob(f"*_{message}.py")
    return path.read_text()


COLOUR = '''
"""A type of the service's own."""

from sqlalchemy import String, TypeDecorator


class Colour(TypeDecorator):
    impl = String
    cache_ok = True
'''


@pytest.mark.parametrize("command", [ALEMBIC, APP], ids=" ".join)
class TestRevision:
    def test_a_change_of_models_becomes_a_formatted_migration(
        self, project: Path, run: Run, command: tuple[str, ...]
    ) -> None:
        """A change of the models becomes a migration, which can be applied."""
        name_users(project)
        assert 0 == run("alembic", "upgrade", "head").returncode
        revision = run(*command, "-m", "name users")
        assert (0, "") == (revision.returncode, revision.stderr)
        text = written(project, "name_users")
        assert 'sa.Column("nickname", sa.String(length=10), nullable=True)' in text
        assert "import sessionscope.database.types" not in text
        assert 0 == run("alembic", "upgrade", "head").returncode
        assert 0 == run("alembic", "check").returncode

    def test_a_migration_is_written_without_ruff(
        self, project: Path, run: Run, without_ruff: str, command: tuple[str, ...]
    ) -> None:
        """`make run` doesn't install ruff. The migration still works, and a line says how to format it."""
        name_users(project)
        assert 0 == run("alembic", "upgrade", "head").returncode
        revision = run(*command, "-m", "name users", path=without_ruff)
        assert (0, "") == (revision.returncode, revision.stderr)
        assert "`make format`" in revision.stdout
        assert "nickname" in written(project, "name_users")
        assert 0 == run("alembic", "upgrade", "head").returncode
        assert 0 == run("alembic", "check").returncode


class TestPlace:
    def test_a_migration_is_written_from_another_folder(self, project: Path, run: Run, tmp_path: Path) -> None:
        """`alembic -c` works from any folder, and finds ruff."""
        config = str(project / "pyproject.toml")
        revision = run("alembic", "-c", config, "revision", "-m", "nothing", cwd=tmp_path)
        assert (0, "") == (revision.returncode, revision.stderr)
        assert "No module" not in revision.stdout
        assert written(project, "nothing")


class TestModels:
    def test_other_models_need_no_change_of_the_environment(self, project: Path, run: Run) -> None:
        """Your service can use env.py as it is, without the sample's models."""
        for feature in ("users", "posts", "accounts", "transfers", "reports"):
            shutil.rmtree(project / "app" / feature)
        for path in (project / "alembic" / "versions").glob("*.py"):
            path.unlink()
        (project / "app" / "models.py").write_text(BOOK)
        revision = run(*ALEMBIC, "-m", "initial")
        assert (0, "") == (revision.returncode, revision.stderr)
        assert "books" in written(project, "initial")
        assert 0 == run("alembic", "upgrade", "head").returncode
        assert 0 == run("alembic", "check").returncode

    def test_types_of_other_modules_are_imported(self, project: Path, run: Run) -> None:
        """A column may have a type of the service's own, or of another package, beside the library's."""
        (project / "app" / "colours.py").write_text(COLOUR)
        columns = "shade: Mapped[str | None] = mapped_column(Colour(10))\n"
        columns += "    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)\n"
        imports = "from datetime import datetime\nfrom app.colours import Colour\n"
        imports += "from sessionscope.database.types import UtcDateTime\n"
        model = project / "app" / "users" / "model.py"
        model.write_text(f"{imports}{model.read_text()}    {columns}")
        assert 0 == run("alembic", "upgrade", "head").returncode
        revision = run(*ALEMBIC, "-m", "colours")
        assert (0, "") == (revision.returncode, revision.stderr)
        text = written(project, "colours")
        assert [1, 1] == [text.count(f"import {name}\n") for name in ("app.colours", "sessionscope.database.types")]
        assert "app.colours.Colour(length=10)" in text
        assert "sessionscope.database.types.UtcDateTime(timezone=True)" in text
        assert 0 == run("alembic", "upgrade", "head").returncode
        assert 0 == run("alembic", "check").returncode
