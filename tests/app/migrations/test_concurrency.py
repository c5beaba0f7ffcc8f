"""Processes that migrate one database at the same time take turns."""

import subprocess
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, Engine, NullPool, text

from sessionscope.database.engine import build_engine
from sessionscope.migrations.connecting import Limits
from sessionscope.migrations.locking import MigrationLockError, turn
from sessionscope.migrations.running import configuration, upgrade
from sessionscope.testing.server_database import settings_of
from sessionscope.testing.servers import PgBouncer, PostgreSQL, RunningServer
from sessionscope.testing.servers.process import wait_until
from tests.app.migrations.places import HEAD, TABLES, Command, Migrations, on_server, revisions, start, tables

PROCESSES = 4


def outcomes(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Wait for processes, and return their exit codes and output, except for the lines about waiting."""
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    return [(code, "" if "waiting for at most 300 s" in said else said) for said, code in ended]


@contextmanager
def somebody(url: URL, patience: float = 0) -> Generator[None, None, None]:
    """Hold the migration lock, as another process would."""
    engine = build_engine(settings_of(url), poolclass=NullPool)
    with engine.connect() as connection, turn(connection, patience):
        yield
    engine.dispose()


@contextmanager
def beside(url: URL, folder: Path) -> Generator[URL, None, None]:
    """Give another empty database: on the same server, or in a new folder inside *folder*."""
    if url.get_backend_name() == "sqlite":
        (folder / "other").mkdir()
        yield url.set(database=str(folder / "other" / "app.db"))
        return
    with on_server(url) as other:
        yield other


def advisory_locks(engine: Engine) -> int:
    """Count the advisory locks that are held in the database, or waited for."""
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM"
        " pg_database WHERE datname = current_database())"
    )
    with engine.connect() as connection:
        return int(connection.scalar(query) or 0)


class TestProcesses:
    def test_all_succeed_and_one_migrates(self, url: URL, engine: Engine) -> None:
        """If several containers migrate at the same time, each migration is applied once."""
        assert [(0, "")] * PROCESSES == outcomes([start(url, "upgrade") for _ in range(PROCESSES)])
        assert ([HEAD], True) == (revisions(engine), tables(engine) >= TABLES)

    def test_processes_behind_pgbouncer_migrate_once(
        self,
        postgresql: PostgreSQL | RunningServer,
        pgbouncer: Callable[..., AbstractContextManager[PgBouncer]],
    ) -> None:
        """Behind PgBouncer, a session's lock would outlive its client. None does."""
        if not isinstance(postgresql, PostgreSQL):
            pytest.skip("PgBouncer needs a server of ours behind it")
        with on_server(postgresql.url()) as direct, pgbouncer(postgresql) as bouncer:
            url = bouncer.url(str(direct.database))
            processes = [start(url, "upgrade", APP_DATABASE__PGBOUNCER="true") for _ in range(2)]
            assert [(0, "")] * 2 == outcomes(processes)
            engine = build_engine(settings_of(direct), poolclass=NullPool)
            assert [HEAD] == revisions(engine)
            assert 0 == advisory_locks(engine)


class TestWaiting:
    def test_waiting_for_the_migration_lock_ends(self, url: URL, engine: Engine) -> None:
        """A process that waits too long fails with the lock's name, and has changed nothing."""
        with somebody(url), pytest.raises(MigrationLockError, match=r"another process is migrating .* after 0\.3 s"):
            upgrade(url, limits=Limits(patience=0.3))
        assert set() == tables(engine)
        upgrade(url, limits=Limits(patience=0))
        assert [HEAD] == revisions(engine)

    def test_command_reports_waiting_for_the_migration_lock(
        self, url: URL, db: Command, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One line says that the command waits, and one that it gave up."""
        with somebody(url):
            told = db("upgrade", "--wait", "0.2")
        assert (1, True) == (told.exit_code, "had not finished after 0.2 s" in told.stderr)
        assert ["another process is migrating this database: waiting for at most 0.2 s"] == caplog.messages

    def test_looking_is_for_free(self, url: URL) -> None:
        """`current` doesn't wait. Every command that could record a revision does."""
        with somebody(url):
            command.current(configuration(url, Limits(patience=0)))
            for change in (command.check, lambda config: command.stamp(config, "head")):
                with pytest.raises(MigrationLockError):
                    change(configuration(url, Limits(patience=0)))

    def test_other_databases_are_free(self, url: URL, tmp_path: Path) -> None:
        """Databases of one server can be migrated at the same time, and so can SQLite files in different folders."""
        with beside(url, tmp_path) as other, somebody(url):
            upgrade(other, limits=Limits(patience=0))
            engine = build_engine(settings_of(other), poolclass=NullPool)
            assert [HEAD] == revisions(engine)

    def test_failed_migration_releases_the_lock(self, url: URL, migrations: Migrations) -> None:
        """The lock is released at the end of the block, even if the migration fails."""
        migrations.add("broken", 'op.execute("SELECT nonsense")')
        with pytest.raises(Exception, match="nonsense"):
            migrations.up()
        with somebody(url):
            pass


class TestIndexWithoutLock:
    def test_waiting_process_does_not_block_a_concurrent_index(self, postgresql: PostgreSQL, tmp_path: Path) -> None:
        """CREATE INDEX CONCURRENTLY waits for all running statements, so none of them may wait for the lock."""
        with on_server(postgresql.url()) as url, ThreadPoolExecutor(1) as pool:
            migrations = Migrations(url, tmp_path / "versions")
            migrations.up()
            migrations.add(
                "index",
                'op.execute("SELECT pg_sleep(0.5)")\n'
                "with op.get_context().autocommit_block():\n"
                '    op.create_index("ix_late", "users", ["updated_at"], postgresql_concurrently=True)',
            )
            migrating = pool.submit(migrations.up, statement_timeout=5)
            engine = build_engine(settings_of(url), poolclass=NullPool)
            assert wait_until(lambda: advisory_locks(engine) == 1, seconds=10)
            with somebody(url, patience=10):
                migrating.result()
            engine.dispose()
