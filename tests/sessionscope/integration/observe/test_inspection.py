"""Each process of a service answers over a socket of its own what happens in it."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sessionscope import close_container, running, scope
from sessionscope.cli import build_cli
from sessionscope.observe.inspection.answering import Inspection
from sessionscope.observe.inspection.asking import processes, siblings
from sessionscope.observe.inspection.observing import process_state
from sessionscope.observe.inspection.states import PoolState, ProcessState
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")


@pytest.fixture(name="container")
def _container(tmp_path: Path) -> Generator[Any, None, None]:
    """Give a container with a pool of two connections on SQLite."""
    database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db", pool_size=1, max_overflow=1)
    container = ApplicationContainer(settings=Settings(database=database))
    yield container
    asyncio.run(close_container(container))


def command(*options: str) -> Result:
    """Run `db pool` of a service in this folder."""
    cli = build_cli(help="A service.", settings="", container="", create_app="", app="")
    return CliRunner().invoke(cli, ["db", "pool", *options])


def names_in(folder: Path) -> list[str]:
    """Return the names of the sockets."""
    return [path.name for path in folder.iterdir()]


def mine() -> ProcessState:
    """Return what this process answers."""
    (state,) = processes()
    return state


def pool_in(state: ProcessState, name: str = "database.engine") -> PoolState:
    """Return the state of one pool."""
    (pool,) = [pool for pool in state.pools if pool.name == name]
    return pool


class TestAnswers:
    def test_a_connection_in_use_is_shown(self, container: Any) -> None:
        """The answer says what holds a connection, and which line took it."""
        inspection = Inspection(container)
        with container.database.engine().connect():
            pool = pool_in(mine())
        inspection.close()
        (hold,) = pool.holds
        assert (1, 0, 0, 0, 2) == (pool.in_use, pool.idle, pool.overflow, pool.waiters, pool.limit)
        assert "a task without a name" == hold.task
        assert hold.line.endswith("in test_a_connection_in_use_is_shown")

    def test_what_is_not_used_is_not_shown(self, container: Any) -> None:
        """An engine that was not built yet has no pool, and asking does not build it."""
        inspection = Inspection(container)
        assert () == mine().pools
        inspection.close()

    def test_units_are_counted(self, container: Any) -> None:
        """The answer has the units of work since the process began."""
        inspection = Inspection(container)
        with scope():
            container.database.transactions().run(lambda _session: None)
        (units,) = mine().units
        inspection.close()
        assert ("database", 1, {}, {}) == (units.name, units.committed, units.retried, units.given_up)

    def test_open_sessions_are_shown(self, container: Any) -> None:
        """A session counts from its first use in the scope to the end of the scope."""
        inspection = Inspection(container)
        with scope():
            container.database.session()
            lines = [hold.line for hold in mine().sessions]
        inspection.close()
        assert any(line.endswith("in test_open_sessions_are_shown") for line in lines)

    def test_a_pool_without_connections_kept_has_no_limit(self, tmp_path: Path) -> None:
        """Behind an external pooler, what is in use is known, and nothing limits it."""
        database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db", pool_class="null")
        container = ApplicationContainer(settings=Settings(database=database))
        with container.database.engine().connect():
            pool = pool_in(process_state(container))
        assert (1, 0, None) == (pool.in_use, pool.idle, pool.limit)


class TestSockets:
    async def test_a_worker_answers_while_it_runs(self, tmp_path: Path, folder: Path) -> None:
        """`running` answers until its end, and leaves nothing behind."""
        database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db")
        async with running(lambda: ApplicationContainer(settings=Settings(database=database))):
            assert os.getpid() == mine().pid
        assert [] == names_in(folder)

    def test_only_the_user_can_ask(self, container: Any, folder: Path) -> None:
        """The names of tasks and files are nobody else's business."""
        inspection = Inspection(container)
        assert 0o700 == folder.stat().st_mode & 0o777
        inspection.close()

    def test_a_folder_that_others_can_enter_is_not_used(self, container: Any, folder: Path) -> None:
        """Somebody else may have made the folder before; the process goes on without a socket."""
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        inspection = Inspection(container)
        assert [] == list(folder.iterdir())
        inspection.close()

    def test_the_socket_of_a_dead_process_is_removed(self, container: Any, folder: Path) -> None:
        """A process that was killed leaves its socket; asking removes it."""
        inspection = Inspection(container)
        dead = folder / "1-1.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(dead))
        assert dead.exists()
        assert os.getpid() == mine().pid
        assert not dead.exists()
        inspection.close()

    def test_a_forked_child_answers_for_itself(self, container: Any) -> None:
        """A server that loads the application before it forks has workers that answer, each for itself."""
        inspection = Inspection(container)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(read, 1)
            os._exit(0)
        try:
            deadline = time.monotonic() + 20
            while len(processes()) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert {os.getpid(), child} == {state.pid for state in processes()}
        finally:
            os.write(write, b"!")
            os.waitpid(child, 0)
            os.close(read)
            os.close(write)
            inspection.close()

    def test_siblings_have_the_same_parent(self, container: Any) -> None:
        """Workers of one server belong together; a process of another parent does not."""
        inspection = Inspection(container)
        state = process_state(container)
        assert [state.pid] == [each.pid for each in siblings(state)]
        other = state.model_copy(update={"pid": -1, "parent": -1})
        assert [-1] == [each.pid for each in siblings(other)]
        inspection.close()


class TestCommand:
    def test_an_exhausted_pool_is_shown(self, container: Any) -> None:
        """`db pool` says who holds the connections of each process, and where they took them."""
        inspection = Inspection(container)
        with container.database.engine().connect():
            result = command()
        inspection.close()
        assert 0 == result.exit_code
        assert f"Process {os.getpid()}, since " in result.stdout
        rows = [line.split() for line in result.stdout.splitlines()]
        assert ["database.engine", "1", "0", "0", "1", "+", "1"] in rows
        assert "   1 in use by a task without a name for up to 0." in result.stdout

    def test_json_is_what_the_processes_answer(self, container: Any) -> None:
        """`db pool --json` has all that is known."""
        inspection = Inspection(container)
        result = command("--json")
        inspection.close()
        (answer,) = json.loads(result.stdout)
        assert os.getpid() == answer["pid"]

    def test_without_a_process_it_says_so(self) -> None:
        """Nothing is shown as if all were well if no process answers."""
        result = command()
        assert 1 == result.exit_code
        assert "No process that was started in" in result.stderr
