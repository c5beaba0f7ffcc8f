"""The `db` commands: what each does, what it asks before, and how it fails."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, func, inspect, make_url, select, text
from typer.testing import Result

from app.models import Account, Post, User
from sessionscope.database import create_table
from sessionscope.migrations.running import configuration, upgrade
from tests.app.commands.commands import PASSWORD, ROOT, environment, run, told

Invoke = Callable[..., Result]
TABLES = {"users", "posts", "accounts", "transfers", "idempotency_keys"}
EVERYTHING = TABLES | {"alembic_version"}
HEAD = ScriptDirectory.from_config(configuration()).get_current_head()


@pytest.fixture(name="engine")
def _engine(url: str) -> Iterator[Engine]:
    """Give an engine on the database that is independent of the service."""
    engine = create_engine(url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    """Return the names of all tables."""
    return set(inspect(engine).get_table_names())


def counts(engine: Engine) -> list[int | None]:
    """Count users, accounts and posts."""
    with engine.connect() as connection:
        return [connection.scalar(select(func.count()).select_from(model)) for model in (User, Account, Post)]


def lines(command: Result) -> list[str]:
    """Return what a command wrote to standard error."""
    return command.stderr.splitlines()


class TestMigrating:
    def test_up_and_down(self, url: str, engine: Engine) -> None:
        """In processes of their own: upgrade, show the revision, check, and downgrade."""
        assert (0, 0) == told(run("db", "upgrade", url=url))
        assert TABLES <= tables(engine)
        current = run("db", "current", url=url)
        assert ((0, 0), f"{HEAD} (head)\n") == (told(current), current.stdout)
        assert (0, 0) == told(run("db", "downgrade", "base", "--yes", url=url))
        assert {"alembic_version"} == tables(engine)

    def test_check_finds_nothing(self, invoke: Invoke, url: str) -> None:
        """A migrated database matches the models."""
        upgrade(make_url(url))
        command = invoke("db", "check")
        assert (0, True) == (command.exit_code, "The database matches the models." in command.stdout)

    def test_check_finds_drift(self, invoke: Invoke, url: str, engine: Engine) -> None:
        """A column that the models don't have is reported in one line, with exit code 1."""
        upgrade(make_url(url))
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE users ADD COLUMN surprise TEXT"))
        command = invoke("db", "check")
        assert (1, 1) == (command.exit_code, len(lines(command)))
        assert "surprise" in command.stderr

    @pytest.mark.parametrize(("name", "revision"), [("upgrade", "nope"), ("downgrade", "nope"), ("downgrade", "-7")])
    def test_an_unknown_revision_is_a_line(self, invoke: Invoke, name: str, revision: str, url: str) -> None:
        """An unknown revision is reported in one line."""
        upgrade(make_url(url))
        command = invoke("db", name, revision, *(["--yes"] if name == "downgrade" else []))
        assert (1, 1) == (command.exit_code, len(lines(command)))


class TestTables:
    def test_init_and_drop(self, invoke: Invoke, engine: Engine) -> None:
        """You can create and drop the tables repeatedly."""
        assert [0, 0] == [invoke("db", "init").exit_code for _ in range(2)]
        assert EVERYTHING == tables(engine)
        assert [0, 0] == [invoke("db", "drop", "--yes").exit_code for _ in range(2)]
        assert set() == tables(engine)

    def test_drop_makes_room_for_migrations(self, invoke: Invoke, url: str, engine: Engine) -> None:
        """Alembic's table is dropped too, so that the next upgrade creates everything again."""
        upgrade(make_url(url))
        assert 0 == invoke("db", "drop", "-y").exit_code
        assert 0 == invoke("db", "upgrade").exit_code
        assert TABLES <= tables(engine)


class TestInit:
    def test_migrations_start_from_the_tables_of_init(self, invoke: Invoke) -> None:
        """After `init`, `upgrade` has nothing to do, and `check` finds no difference."""
        assert [0, 0, 0] == [invoke("db", name).exit_code for name in ("init", "upgrade", "check")]

    def test_an_old_database_is_left_to_migrations(self, invoke: Invoke, url: str, engine: Engine) -> None:
        """`init` doesn't create tables that only a later migration creates."""
        upgrade(make_url(url), "0001")
        before = tables(engine)
        command = invoke("db", "init")
        assert (1, 1) == (command.exit_code, len(lines(command)))
        assert "`db upgrade`" in command.stderr
        assert before == tables(engine)

    def test_tables_of_others_are_not_vouched_for(self, invoke: Invoke, engine: Engine) -> None:
        """Existing tables may belong to older models, so they are not stamped, and `upgrade` says what to do."""
        create_table(engine, "users")
        assert 0 == invoke("db", "init").exit_code
        assert TABLES == tables(engine)
        command = invoke("db", "upgrade")
        assert (1, 1) == (command.exit_code, len(lines(command)))
        assert "CREATE TABLE users" in command.stderr
        assert "`db stamp`" in command.stderr
        assert [0, 0, 0] == [invoke("db", name).exit_code for name in ("stamp", "upgrade", "check")]


class TestAsking:
    @pytest.mark.parametrize("name", ["drop", "downgrade"])
    def test_without_a_person_it_refuses(self, invoke: Invoke, url: str, engine: Engine, name: str) -> None:
        """Without a terminal, the command needs --yes, and otherwise changes nothing."""
        upgrade(make_url(url))
        command = invoke("db", name)
        assert (1, 1) == (command.exit_code, len(lines(command)))
        assert "--yes" in command.stderr
        assert TABLES <= tables(engine)

    @pytest.mark.parametrize(("answer", "code", "left"), [("n", 1, EVERYTHING), ("y", 0, set[str]())])
    def test_a_person_decides(self, url: str, engine: Engine, answer: str, code: int, left: set[str]) -> None:
        """At a terminal, the command asks, and follows the answer."""
        upgrade(make_url(url))
        terminal, their_end = os.openpty()
        os.write(terminal, f"{answer}\n".encode())
        command = subprocess.run(
            [sys.executable, "-m", "app", "db", "drop"],
            cwd=ROOT,
            env=environment(url),
            stdin=their_end,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(terminal)
        os.close(their_end)
        assert (code, left) == (command.returncode, tables(engine))
        assert "Continue?" in command.stdout

    def test_bad_settings_come_before_the_question(self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the URL is wrong, the command fails without asking."""
        monkeypatch.setenv("APP_DATABASE__URL", "nonsense")
        assert [2, 2] == [invoke("db", name).exit_code for name in ("drop", "downgrade")]


class TestSeed:
    def test_seeding_fills_up_to_the_counts(self, invoke: Invoke, url: str, engine: Engine) -> None:
        """The options are total numbers: a second run adds nothing, and a larger number adds the rest."""
        upgrade(make_url(url))
        found: list[list[int | None]] = []
        for users, posts in ((20, 30), (20, 30), (25, 40), (5, 5)):
            assert 0 == invoke("db", "seed", "--users", str(users), "--posts", str(posts)).exit_code
            found.append(counts(engine))
        assert [[20, 20, 30], [20, 20, 30], [25, 25, 40], [25, 25, 40]] == found

    def test_seeding_makes_the_same_rows_everywhere(self, invoke: Invoke, engine: Engine) -> None:
        """Two databases that were seeded alike have the same users and posts."""
        found: list[list[object]] = []
        for _ in range(2):
            assert 0 == invoke("db", "init").exit_code
            assert 0 == invoke("db", "seed", "--users", "10", "--posts", "10").exit_code
            with engine.connect() as connection:
                users = connection.execute(select(User.username, User.email, User.role, User.is_active)).all()
                posts = connection.execute(select(Post.title, Post.content, Post.author_id)).all()
            found.append([users, posts])
            assert 0 == invoke("db", "drop", "--yes").exit_code
        assert found[0] == found[1]

    def test_more_than_a_batch(self, invoke: Invoke, engine: Engine) -> None:
        """Numbers above the size of a batch are reached exactly."""
        invoke("db", "init")
        assert 0 == invoke("db", "seed", "--users", "1001", "--posts", "1001").exit_code
        assert [1001, 1001, 1001] == counts(engine)

    @pytest.mark.parametrize("name", ["init", "upgrade"])
    def test_a_new_file_is_its_owners_alone(self, url: str, tmp_path: Path, name: str) -> None:
        """A new database file is private to its owner, whatever the umask."""
        before = os.umask(0)
        try:
            assert 0 == run("db", name, url=url).returncode
        finally:
            os.umask(before)
        assert 0o600 == (tmp_path / "app.db").stat().st_mode & 0o777

    def test_seeding_without_tables_is_one_line(self, invoke: Invoke, tmp_path: Path) -> None:
        """An empty database is reported in one line, with exit code 1."""
        (tmp_path / "app.db").touch()
        command = invoke("db", "seed")
        assert (1, 1, True) == (command.exit_code, len(lines(command)), "no such table" in command.stderr)


class TestMissingFile:
    @pytest.mark.parametrize(
        "arguments",
        [["seed"], ["drop", "--yes"], ["current"], ["check"], ["downgrade", "--yes"], ["stamp"]],
        ids=" ".join,
    )
    def test_command_that_uses_a_database_creates_none(
        self, invoke: Invoke, tmp_path: Path, arguments: list[str]
    ) -> None:
        """Only `upgrade`, `init` and `revision` create a database. The other commands name the one that does."""
        command = invoke("db", *arguments)
        assert (1, 1, True) == (command.exit_code, len(lines(command)), "`db upgrade`" in command.stderr)
        assert [] == list(tmp_path.iterdir())


COMMANDS = [
    ["upgrade"],
    ["downgrade", "--yes"],
    ["stamp"],
    ["current"],
    ["check"],
    ["init"],
    ["drop", "--yes"],
    ["seed"],
]


class TestUnreachable:
    @pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
    def test_every_command_reports_an_unreachable_database(
        self, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
    ) -> None:
        """A database that can't be opened is reported in one line with its URL, with exit code 1."""
        monkeypatch.setenv("APP_DATABASE__URL", f"sqlite:///{tmp_path}/missing/app.db")
        command = invoke("db", *arguments)
        assert (1, 1) == (command.exit_code, len(lines(command)))
        assert f"{tmp_path}/missing/app.db" in command.stderr

    @pytest.mark.parametrize("name", ["current", "init"])
    def test_unreachable_database_does_not_show_the_password(self, name: str) -> None:
        """The errors about a silent server and a missing driver don't show the password."""
        assert (1, 1) == told(run("db", name, url=f"postgresql://user:{PASSWORD}@127.0.0.1:1/name"))
