"""Checks the servers of a database: each check in a transaction of its own, which is short and changes nothing."""

import time
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection, NullPool

from sessionscope.database.backends import backend_of
from sessionscope.database.backends.diagnosis import Status
from sessionscope.database.engine import build_engine
from sessionscope.database.replicas import settings_at
from sessionscope.observe.asking import asking
from sessionscope.observe.doctor.capacity import check_capacity
from sessionscope.observe.doctor.clocks import check_clock
from sessionscope.observe.doctor.connecting import answered, fastest_ping, milliseconds, refused
from sessionscope.observe.doctor.findings import Finding, broken_check, described, not_checked
from sessionscope.observe.doctor.schema import check_drift, has_migrations
from sessionscope.observe.doctor.subjects import ExaminedDatabase
from sessionscope.settings import DatabaseUrl

Check = Callable[[Connection], Iterable[Finding]]


def check_primary(database: ExaminedDatabase) -> Iterator[Finding]:
    """Yield what the sync engine of *database* finds out."""
    checks = dict(_checks(database))
    who, began = "the sync engine", time.perf_counter()
    try:
        engine = database.container.engine()
        who = engine.dialect.driver
        with engine.connect() as connection:
            connected = time.perf_counter() - began
            yield answered("connect_sync", database, engine, connected, fastest_ping(connection))
            for code, check in checks.items():
                yield from alone(connection, code, database.name, check)
    except Exception as error:  # noqa: BLE001 - of any driver
        yield refused("connect_sync", database, who, error)
        for code in checks:
            yield not_checked(code, database.name, "the sync engine doesn't connect")


def _checks(database: ExaminedDatabase) -> Iterator[tuple[str, Check]]:
    diagnosis = backend_of(database.settings.url.kind).diagnosis
    name = database.name
    yield "version", lambda connection: [Finding("version", Status.OK, name, diagnosis.version(connection))]
    yield "clock", lambda connection: check_clock(connection, name)
    yield "capacity", lambda connection: check_capacity(connection, database, name)
    yield (
        "backend",
        lambda connection: (Finding.of(each, name) for each in diagnosis.observe(connection, database.settings)),
    )
    if has_migrations(database):
        yield "drift", lambda connection: check_drift(connection, database)


def check_replicas(database: ExaminedDatabase) -> Iterator[Finding]:
    """Yield whether each replica answers, and accepts enough connections."""
    for number, url in enumerate(database.settings.replica_urls, 1):
        yield from _check_replica(database, url, f"{database.name}, replica {number}")


def _check_replica(database: ExaminedDatabase, url: DatabaseUrl, subject: str) -> Iterator[Finding]:
    engine = build_engine(settings_at(database.settings, url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            ping = milliseconds(fastest_ping(connection))
            yield Finding("replica", Status.OK, subject, f"{url} answers in {ping}")
            yield from alone(connection, "clock", subject, lambda each: check_clock(each, subject))
            yield from alone(connection, "capacity", subject, lambda each: check_capacity(each, database, subject))
    except Exception as error:  # noqa: BLE001 - of any driver
        why = "its reads go to the other replicas or to the primary, which have more to do"
        remedy = "start the server, or correct `database.replica_urls`"
        yield Finding("replica", Status.WARNING, subject, f"{url} can't be used: {described(error)}", why, remedy)
    finally:
        engine.dispose()


def alone(connection: Connection, code: str, subject: str, check: Check) -> Iterator[Finding]:
    """Yield what *check* finds in a transaction of its own. If it fails, that is a finding, and the next one runs."""
    try:
        with asking(connection):
            yield from check(connection)
    except Exception as error:  # noqa: BLE001 - a check must not stop the others
        yield broken_check(code, subject, error)
