"""Runs the checks. A check that fails is a finding, and never stops the others."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sessionscope.database.backends.diagnosis import Status
from sessionscope.lifetimes.lifespan import close_container
from sessionscope.observe.doctor.configuration import check_settings, invalid_settings
from sessionscope.observe.doctor.connecting import check_async_engine
from sessionscope.observe.doctor.drivers import check_drivers
from sessionscope.observe.doctor.findings import Finding, broken_check, not_checked
from sessionscope.observe.doctor.process import check_file_descriptors
from sessionscope.observe.doctor.running import check_running_pools
from sessionscope.observe.doctor.schema import check_revision, has_migrations
from sessionscope.observe.doctor.servers import check_primary, check_replicas
from sessionscope.observe.doctor.subjects import ExaminedDatabase, ExaminedService
from sessionscope.observe.doctor.wiring import build_application, check_providers
from sessionscope.settings import ConfigurationError, ServiceSettings
from sessionscope.settings.listing import ListedSetting, list_settings

Check = Callable[[ExaminedService], Iterable[Finding]]

# By module and name, so that a module that is loaded again replaces its checks.
_added: Final[dict[tuple[str, str], Check]] = {}


def add_check(check: Check) -> Check:
    """Let the doctor run *check* too. It may be used as a decorator, in a module that the application imports.

    Args:
        check: Returns or yields a `Finding` for each thing that it looked at.
    """
    _added[check.__module__, check.__qualname__] = check
    return check


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found.

    Attributes:
        findings: The findings, in the order of the checks.
        settings: The settings with their sources. Empty if they are not valid.
    """

    findings: list[Finding]
    settings: list[ListedSetting]

    def count(self, status: Status) -> int:
        """Return how many findings have *status*."""
        return sum(1 for each in self.findings if each.status is status)


async def examine(
    read_settings: Callable[[], ServiceSettings],
    build_container: Callable[[], Any],
    build_app: Callable[[Any], Any],
    project: Path | None = None,
) -> Report:
    """Examine a service, and close what was opened for that.

    Args:
        read_settings: Reads the settings.
        build_container: Makes a container.
        build_app: Makes the application for a container.
        project: The folder of the ``pyproject.toml`` that configures Alembic. If None, it is searched for.
    """
    try:
        settings = read_settings()
    except ConfigurationError as error:
        skipped = not_checked("service", "service", "the settings are not valid")
        return Report([*invalid_settings(error), skipped], [])
    listed = list(list_settings(settings))
    try:
        container = build_container()
    except Exception as error:  # noqa: BLE001 - of the service's own code
        return Report([broken_check("container", "container", error)], listed)
    try:
        app, findings = build_application(build_app, container)
        service = ExaminedService(settings=settings, container=container, app=app, project=project)
        findings += _check_service(service)
        findings += [each async for each in _check_databases(service)]
        for (module, name), check in _added.items():
            findings += _guarded(name, module, check, service)
        return Report(findings, listed)
    finally:
        await close_container(container)


def _check_service(service: ExaminedService) -> Iterator[Finding]:
    yield from _guarded("settings", "settings", check_settings, service)
    yield from _guarded("providers", "container", check_providers, service)
    yield from _guarded("file_descriptors", "process", check_file_descriptors, service)
    yield from _guarded("pools", "running", check_running_pools, service)


def _guarded(code: str, subject: str, check: Callable[[Any], Iterable[Finding]], examined: Any) -> Iterator[Finding]:
    try:
        yield from check(examined)
    except Exception as error:  # noqa: BLE001 - a check must not stop the others
        yield broken_check(code, subject, error)


async def _check_databases(service: ExaminedService) -> AsyncIterator[Finding]:
    # A container may lack providers that the checks need, or have others in their place.
    subject = "database"
    try:
        for database in service.databases():
            subject = database.name
            async for each in _check_database(database):
                yield each
    except Exception as error:  # noqa: BLE001 - a check must not stop the others
        yield broken_check("database", subject, error)


async def _check_database(database: ExaminedDatabase) -> AsyncIterator[Finding]:
    location = database.container.location()
    if location.private:
        what = f"{database.settings.url} is private to each process"
        why = "each worker would have its own, empty database, and lose it at its end"
        yield Finding("in_memory", Status.FAILURE, database.name, what, why, "name a file in `database.url`")
        return
    # Only `db upgrade` creates a missing file.
    location.must_exist = True
    for each in _guarded("drivers", database.name, check_drivers, database):
        yield each
    connected = await check_async_engine(database)
    yield connected
    for each in _guarded("connect_sync", database.name, check_primary, database):
        yield each
    if has_migrations(database):
        yield await _check_revision(database, connected)
    for each in _guarded("replica", database.name, check_replicas, database):
        yield each


async def _check_revision(database: ExaminedDatabase, connected: Finding) -> Finding:
    if connected.status is Status.FAILURE:
        return not_checked("revision", database.name, "the async engine doesn't connect")
    try:
        return await check_revision(database)
    except Exception as error:  # noqa: BLE001 - a check must not stop the others
        return broken_check("revision", database.name, error)
