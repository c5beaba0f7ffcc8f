"""Checks the settings: whether they are valid, and what is dangerous in them."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from sessionscope.database.backends.diagnosis import Status
from sessionscope.observe.doctor.findings import Finding
from sessionscope.observe.doctor.subjects import ExaminedService
from sessionscope.observe.logging import logging_config
from sessionscope.settings import ConfigurationError, LoggingSettings
from sessionscope.settings.listing import list_settings

SUBJECT: Final = "settings"


def invalid_settings(error: ConfigurationError) -> Iterator[Finding]:
    """Yield each problem in the settings, which are then not read."""
    for problem in error.problems:
        what = ": ".join(filter(None, (problem.source, problem.field, problem.reason)))
        remedy = problem.hint or (f"correct `{problem.field}`" if problem.field else "correct the source")
        yield Finding("settings", Status.FAILURE, SUBJECT, what, "the service doesn't start", remedy)


def check_settings(service: ExaminedService) -> Iterator[Finding]:
    """Yield where the settings come from, and what is dangerous in them."""
    changed = [each for each in list_settings(service.settings) if each.source != "default"]
    yield Finding("settings", Status.OK, SUBJECT, f"valid, {len(changed)} of them set by a file or a variable")
    yield from check_logging(service)
    yield from check_proxies(service)


def check_logging(service: ExaminedService) -> Iterator[Finding]:
    """Yield whether the log can be written in its format. A service without a section `logging` has other means."""
    section = getattr(service.settings, "logging", None)
    if not isinstance(section, LoggingSettings):
        return
    try:
        logging_config(section)
    except ConfigurationError as error:
        why = "the service doesn't start"
        remedy = "install the package, or set `logging.format` to console"
        yield Finding("logging", Status.FAILURE, SUBJECT, str(error), why, remedy)
    else:
        yield Finding("logging", Status.OK, SUBJECT, f"logs {section.level} and above in the format {section.format}")


def check_proxies(service: ExaminedService) -> Iterator[Finding]:
    """Yield whether the server trusts the right proxies. A service without a section `server` has other means."""
    server = getattr(service.settings, "server", None)
    if server is None:
        return
    code, subject, trusted = "trusted_proxies", SUBJECT, server.trusted_proxies
    if "*" in trusted:
        yield Finding(
            code,
            Status.WARNING,
            subject,
            "`server.trusted_proxies` is *, which trusts every client",
            "a client can claim any address and scheme, in logs and wherever the service uses them",
            "name the proxies, such as APP_SERVER__TRUSTED_PROXIES='[\"10.0.0.0/8\"]'",
        )
    elif not trusted and not _is_loopback(server.host):
        yield Finding(
            code,
            Status.WARNING,
            subject,
            f"the server listens on {server.host}, and trusts no proxy",
            "behind a proxy, logs have the proxy's address, and links have its scheme",
            "if there is a proxy, name it in `server.trusted_proxies`; if clients connect directly, all is well",
        )
    else:
        what = f"trusted proxies: {', '.join(trusted)}" if trusted else f"listens on {server.host}, trusts no proxy"
        yield Finding(code, Status.OK, subject, what)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
