"""The doctor, on databases and settings that have something wrong."""

import asyncio
import json
import resource
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib import util
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from sessionscope import close_container
from sessionscope.observe.doctor import ExaminedService, Finding, Status, add_check
from sessionscope.observe.inspection.answering import Inspection
from sessionscope.settings import DatabaseSettings
from sessionscope.testing.servers import MariaDB, PostgreSQL
from sessionscope.testing.servers.ports import free_port
from tests.sessionscope.integration.observe.conftest import CommandOf, Doctor, Invoke
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.settings import Settings

pytestmark = pytest.mark.isolation("none")

# Its database has settings and a location, and nothing else.
UNIT_SERVICE = "tests.sessionscope.unit.cli.service"
OF_EACH_DATABASE = {"drivers", "connect_sync", "connect_async", "version", "drift", "revision"}
OF_EACH_SERVER = {"clock", "capacity"}


def execute(url: str, statement: str) -> None:
    """Execute a statement on the database at *url*, independently of the service."""
    engine = create_engine(make_url(url).set(drivername=sync_driver(url)), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def sync_driver(url: str) -> str:
    """Return a sync driver for *url*."""
    return {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}.get(
        make_url(url).get_backend_name(), "sqlite"
    )


def unreachable(driver: str) -> str:
    """Return the URL of a server that isn't there, with a password."""
    return f"{driver}://app:s3cr3t@127.0.0.1:{free_port()}/app"


class TestRunningPools:
    def test_no_process_is_no_failure(self, doctor: Doctor, tmp_path: Path) -> None:
        """A service may be examined before it runs."""
        told = doctor(f"sqlite:///{tmp_path}/missing.db")
        assert "ok" == told.status("pools")
        assert told.findings["pools"]["what"].startswith("no running processes of this service, 0 connections in use")

    async def test_exhausted_pool_is_a_failure(self, doctor: Doctor, tmp_path: Path) -> None:
        """The doctor finds a running process whose requests wait for connections, and what holds them."""
        database = DatabaseSettings(url=f"sqlite:///{tmp_path}/app.db", pool_size=1, max_overflow=0)
        container = ApplicationContainer(settings=Settings(database=database))
        inspection = Inspection(container)
        async with container.database.async_engine().connect():
            waiting = asyncio.ensure_future(container.database.async_engine().connect().start())
            await asyncio.sleep(0)
            told = await asyncio.to_thread(doctor, f"sqlite:///{tmp_path}/app.db")
        await (await waiting).close()
        inspection.close()
        await close_container(container)
        what = told.findings["pools"]["what"]
        assert "failure" == told.status("pools")
        assert (
            "database.async_engine has no free connection, and 1 wait for one; a task without a name has held 1" in what
        )
        assert what.endswith("in test_exhausted_pool_is_a_failure")


@pytest.mark.every_database
class TestDatabase:
    def test_good_database_has_no_failure(self, doctor: Doctor, database_url: str) -> None:
        """Each check is made, and the exit code is 0."""
        told = doctor(database_url)
        is_server = not database_url.startswith("sqlite")
        assert (0, set()) == (told.exit_code, told.failures())
        assert OF_EACH_DATABASE | (OF_EACH_SERVER if is_server else set()) <= told.findings.keys()
        assert "not_checked" not in {finding["status"] for finding in told.findings.values()}


@pytest.mark.every_database(but=["postgresql+psycopg", "postgresql+psycopg2", "mysql+asyncmy"])
class TestSchema:
    def test_missing_revision_is_a_failure(self, doctor: Doctor, empty_database_url: str) -> None:
        """The remedy is the command, and what depends on the revision is not checked."""
        if empty_database_url.startswith("sqlite"):
            Path(str(make_url(empty_database_url).database)).touch()
        told = doctor(empty_database_url)
        assert (1, {"revision"}) == (told.exit_code, told.failures())
        assert ("run `db upgrade`", "not_checked") == (told.findings["revision"]["remedy"], told.status("drift"))

    def test_drifted_table_is_a_warning(self, doctor: Doctor, database_url: str) -> None:
        """The finding names the column that was added by hand."""
        execute(database_url, "ALTER TABLE users ADD COLUMN shoe_size INTEGER")
        told = doctor(database_url)
        assert (0, "warning") == (told.exit_code, told.status("drift"))
        assert "the column users.shoe_size is not in the models" in told.findings["drift"]["what"]


class TestServers:
    @pytest.mark.parametrize("driver", ["postgresql", "mysql"])
    def test_unreachable_server_is_a_failure_and_not_a_traceback(self, doctor: Doctor, driver: str) -> None:
        """What depends on a connection is not checked, and says why. The other checks are made."""
        told = doctor(unreachable(driver))
        assert (1, {"connect_sync", "connect_async"}) == (told.exit_code, told.failures())
        skipped = {"version", "clock", "capacity", "backend", "drift", "revision"}
        assert {"not_checked"} == {told.status(code) for code in skipped}
        assert {"ok"} == {told.status(code) for code in ("settings", "providers", "drivers", "file_descriptors")}

    def test_passwords_are_not_shown(self, doctor: Doctor, invoke: Invoke) -> None:
        """Neither in settings, nor in findings, nor for people."""
        url = unreachable("postgresql")
        variables = {"DATABASE__REPLICA_URLS": json.dumps([url])}
        texts = doctor(url, **variables).text, invoke(url, "doctor", **variables).output
        assert [(True, False)] * 2 == [("***" in each, "s3cr3t" in each) for each in texts]

    def test_too_few_connections_are_a_failure(self, doctor: Doctor, postgresql: PostgreSQL, mariadb: MariaDB) -> None:
        """The pools of all workers are compared with what the server accepts. The remedy has a size that fits."""
        for server in (postgresql, mariadb):
            url = server.url().render_as_string(hide_password=False)
            told = doctor(url, SERVER__WORKERS="50")
            assert "failure" == told.status("capacity")
            assert "50 workers x" in told.findings["capacity"]["what"]
            assert "max_connections" in told.findings["capacity"]["remedy"]

    def test_limit_of_the_database_counts(self, doctor: Doctor, database_url_of_postgresql: str) -> None:
        """PostgreSQL limits the connections of a database and of a role, too."""
        name = make_url(database_url_of_postgresql).database
        execute(database_url_of_postgresql, f'ALTER DATABASE "{name}" CONNECTION LIMIT 9')
        told = doctor(database_url_of_postgresql)
        assert "failure" == told.status("capacity")
        assert "accepts 9 (the CONNECTION LIMIT of the database)" in told.findings["capacity"]["what"]

    def test_pool_without_a_limit_is_a_warning(self, doctor: Doctor, database_url_of_postgresql: str) -> None:
        """No comparison is possible."""
        for variables in ({"DATABASE__MAX_OVERFLOW": "-1"}, {"DATABASE__POOL_CLASS": "null"}):
            assert "warning" == doctor(database_url_of_postgresql, **variables).status("capacity")

    def test_server_that_only_reads_is_a_failure(self, doctor: Doctor, database_url_of_postgresql: str) -> None:
        """No request could write."""
        name = make_url(database_url_of_postgresql).database
        execute(database_url_of_postgresql, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        assert "failure" == doctor(database_url_of_postgresql).status("read_only_server")

    def test_mariadb_that_only_reads_is_a_failure(
        self, doctor: Doctor, own_mariadb: Callable[..., AbstractContextManager[MariaDB]]
    ) -> None:
        """As a replica does."""
        with own_mariadb(options=("--read-only",)) as server:
            told = doctor(server.url().render_as_string(hide_password=False))
        assert "failure" == told.status("read_only_server")

    def test_missing_replica_is_a_warning(self, doctor: Doctor, database_url_of_postgresql: str) -> None:
        """Reads go to the primary instead. A replica that answers is fine."""
        url = database_url_of_postgresql
        for replica, status in ((url, "ok"), (unreachable("postgresql"), "warning")):
            told = doctor(url, DATABASE__REPLICA_URLS=json.dumps([replica]))
            assert (0, status) == (told.exit_code, told.status("replica"))

    def test_missing_driver_is_a_failure(self, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
        """The finding names the package, and nothing else stops."""
        find_spec = util.find_spec
        monkeypatch.setattr(
            "sessionscope.database.url.find_spec", lambda name: None if name == "asyncpg" else find_spec(name)
        )
        told = doctor(unreachable("postgresql"))
        assert {"application", "providers", "drivers", "connect_sync", "connect_async"} == told.failures()
        assert "asyncpg" in told.findings["drivers"]["what"]


class TestFile:
    def test_missing_file_is_not_created(self, doctor: Doctor, tmp_path: Path) -> None:
        """The remedy is the command that creates it."""
        told = doctor(f"sqlite:///{tmp_path}/missing.db")
        assert ({"connect_sync", "connect_async"}, 1) == (told.failures(), told.exit_code)
        assert "run `db upgrade`, which creates the file" == told.findings["connect_sync"]["remedy"]
        assert [] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o644, "warning"), (0o666, "failure")])
    def test_file_for_others_is_found(self, doctor: Doctor, database_url: str, mode: int, status: str) -> None:
        """Other users of the machine must not change the data, and should not read it."""
        file = Path(str(make_url(database_url).database))
        file.chmod(mode)
        told = doctor(database_url)
        assert status == told.status("file_mode")
        assert ("" if status == "ok" else f"chmod 600 {file}") == told.findings["file_mode"]["remedy"]

    def test_file_that_is_open_for_reading_only_is_a_failure(self, doctor: Doctor, database_url: str) -> None:
        """No request could write."""
        url = f"sqlite:///file:{make_url(database_url).database}?mode=ro&uri=true"
        told = doctor(url)
        assert "failure" == told.status("file_writable")

    def test_other_journal_mode_is_a_failure(self, doctor: Doctor, database_url: str) -> None:
        """A file that is opened for reading only keeps the mode that another program gave it."""
        execute(database_url, "PRAGMA journal_mode = DELETE")
        url = f"sqlite:///file:{make_url(database_url).database}?mode=ro&immutable=1&uri=true"
        told = doctor(url)
        assert "failure" == told.status("journal_mode")

    def test_private_database_is_a_failure(self, doctor: Doctor) -> None:
        """Workers would start without tables."""
        told = doctor("sqlite:///:memory:")
        assert (1, {"in_memory"}) == (told.exit_code, told.failures())


class TestContainer:
    def test_captive_provider_is_a_failure(self, faulty_doctor: Doctor, database_url: str) -> None:
        """An object of the process would keep the session of one request."""
        told = faulty_doctor(database_url)
        assert (1, {"providers"}) == (told.exit_code, told.failures())
        assert "captive: lives as long as the process, but takes database.session" in told.findings["providers"]["what"]

    def test_application_that_fails_is_a_failure(self, faulty_doctor: Doctor, database_url: str) -> None:
        """The finding has the line of the service's code, and nothing of the error's text. Other checks are made."""
        told = faulty_doctor(database_url, SERVER__PORT="1")
        assert {"application"} <= told.failures()
        assert "ZeroDivisionError at tests/sessionscope/" in told.findings["application"]["what"]
        assert ("ok", False) == (told.status("connect_sync"), "s3cr3t" in told.text)

    def test_container_without_engines_is_a_finding(self, command_of: CommandOf) -> None:
        """A service may have a container of another kind. The other checks are made."""
        told = command_of(f"{UNIT_SERVICE}:Container", f"{UNIT_SERVICE}:create_app")("sqlite:///x.db")
        assert (1, "ok", "ok") == (told.exit_code, told.status("settings"), told.status("providers"))
        assert told.findings["connect_sync"]["status"] == "failure" or told.status("database") == "failure"

    def test_container_that_fails_is_a_finding(self, command_of: CommandOf) -> None:
        """There is nothing else to check then."""
        told = command_of("tests.sessionscope.integration.observe.faulty:fail", "nowhere:app")("sqlite:///x.db")
        assert (1, {"container"}) == (told.exit_code, told.failures())
        assert "ZeroDivisionError at tests/sessionscope/" in told.findings["container"]["what"]


class TestProcess:
    def test_few_file_descriptors_are_found(self, doctor: Doctor, database_url: str) -> None:
        """The limit is that of the process."""
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, usual[1]))
        try:
            told = doctor(database_url)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        assert told.status("file_descriptors") in {"warning", "failure"}
        assert told.findings["file_descriptors"]["what"].startswith("200 file descriptors: ")


class TestSettings:
    def test_invalid_settings_are_findings(self, doctor: Doctor, invoke: Invoke) -> None:
        """They have the doctor's own form, and the exit code of invalid settings."""
        variables = {"SERVER__PORT": "x", "DATABASE__POOL_SIZE": "0"}
        told = doctor("sqlite:///x.db", **variables)
        assert (2, {"settings"}) == (told.exit_code, told.failures())
        shown = invoke("sqlite:///x.db", "doctor", **variables)
        assert 2 == shown.exit_code
        assert "✗ APP_SERVER__PORT: server.port: " in shown.stdout
        assert "✗ APP_DATABASE__POOL_SIZE: database.pool_size: " in shown.stdout

    @pytest.mark.parametrize(
        ("host", "proxies", "status"),
        [
            ("127.0.0.1", "[]", "ok"),
            ("localhost", "[]", "ok"),
            ("0.0.0.0", "[]", "warning"),  # noqa: S104 - as it is often set
            ("0.0.0.0", '["10.0.0.0/8"]', "ok"),  # noqa: S104
            ("127.0.0.1", '["*"]', "warning"),
        ],
    )
    def test_proxies_that_are_trusted_wrongly_are_found(
        self, doctor: Doctor, database_url: str, host: str, proxies: str, status: str
    ) -> None:
        """All clients are too many, and none is too few behind a proxy."""
        told = doctor(database_url, SERVER__HOST=host, SERVER__TRUSTED_PROXIES=proxies)
        assert status == told.status("trusted_proxies")

    def test_missing_package_for_the_log_is_a_failure(
        self, doctor: Doctor, database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The service would not start."""
        monkeypatch.setattr("sessionscope.observe.logging.find_spec", lambda _: None)
        told = doctor(database_url, LOGGING__FORMAT="json")
        assert (1, "failure") == (told.exit_code, told.status("logging"))

    def test_sources_are_listed(self, invoke: Invoke, database_url: str) -> None:
        """Each setting says where it came from; for people, only those that are set."""
        found = json.loads(invoke(database_url, "doctor", "--json", SERVER__PORT="8001").stdout)
        sources = {each["name"]: (each["value"], each["source"]) for each in found["settings"]}
        assert ("8001", "APP_SERVER__PORT") == sources["server.port"]
        assert "default" == sources["server.workers"][1]
        shown = invoke(database_url, "doctor", SERVER__PORT="8001").stdout
        assert (True, False) == ("server.port " in shown, "server.workers" in shown)


class TestAddedChecks:
    def test_check_of_the_service_is_run(self, doctor: Doctor, database_url: str) -> None:
        """A service adds what only it can know."""

        @add_check
        def look(service: ExaminedService) -> Iterable[Finding]:
            yield Finding("mail", Status.FAILURE, "mail", f"{service.workers} worker can't send", "why", "do it")

        told = doctor(database_url)
        assert (1, {"mail"}) == (told.exit_code, told.failures())
        assert "1 worker can't send" == told.findings["mail"]["what"]

    def test_broken_check_is_a_finding_and_stops_nothing(self, doctor: Doctor, database_url: str) -> None:
        """Its error is named by class and line, because its text may contain values."""

        @add_check
        def look(_: ExaminedService) -> Iterable[Finding]:
            raise ZeroDivisionError("s3cr3t")

        @add_check
        def look_again(_: ExaminedService) -> Iterable[Finding]:
            return [Finding("later", Status.OK, "later", "all is well")]

        told = doctor(database_url)
        name = f"{type(self).__name__}.test_broken_check_is_a_finding_and_stops_nothing.<locals>.look"
        assert ({name}, "ok", False) == (told.failures(), told.status("later"), "s3cr3t" in told.text)
        assert "ZeroDivisionError at " in told.findings[name]["what"]


class TestForPeople:
    def test_problem_is_shown_with_reason_and_remedy(self, invoke: Invoke, tmp_path: Path) -> None:
        """Symbols tell the statuses apart without colours, checks that were not made share a line."""
        shown = invoke(f"sqlite:///{tmp_path}/missing.db", "doctor").stdout
        assert " ✗ pysqlite can't connect: no connection could be made\n   why    no request" in shown
        assert "   remedy run `db upgrade`, which creates the file\n" in shown
        assert " - not checked, because the sync engine doesn't connect: version, clock, " in shown
        assert "\n2 failures, 7 checks passed, 6 not checked.\n" in shown
        assert [] == [line for line in shown.splitlines() if line.endswith(" ")]
