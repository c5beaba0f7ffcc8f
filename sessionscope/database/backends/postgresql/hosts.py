"""The servers in a PostgreSQL URL: one server, or several to try one after the other."""

from typing import Final

from sqlalchemy import URL

from sessionscope.database.backends.query import refuse

_DEFAULT_PORT: Final = "5432"


def hosts_in(url: URL) -> dict[str, str]:
    """Return the hosts written as ``host=a:1&host=b:2``, ``host=a,b&port=1,2`` or ``//a,b/name``.

    Returns:
        The query arguments ``host`` and ``port`` from which SQLAlchemy's dialects read hosts, each with commas between
        the hosts. Empty if there is one host, in its usual place in the URL.

    Raises:
        ConfigurationError: The ports don't match the hosts.
    """
    written, ports = _listed(url.query.get("host", ())), _listed(url.query.get("port", ()))
    if not written and not ports and "," not in (url.host or ""):
        return {}
    pairs = [_split(host) for host in written or _listed(url.host or "localhost")]
    if ports and any(port for _, port in pairs):
        raise refuse("write ports with their hosts or in port=, not both")
    ports = ports or [port or str(url.port or _DEFAULT_PORT) for _, port in pairs]
    ports = ports * len(pairs) if len(ports) == 1 else ports
    if len(ports) != len(pairs) or not all(map(str.isdecimal, ports)):
        raise refuse("each host takes one port, a number")
    return {"host": ",".join(host for host, _ in pairs), "port": ",".join(ports)}


def _listed(value: str | tuple[str, ...]) -> list[str]:
    text = value if isinstance(value, str) else ",".join(value)
    return text.split(",") if text else []


def _split(host: str) -> tuple[str, str]:
    """Return the host and its port; the port is empty if there is none."""
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        return address, rest.removeprefix(":")
    if host.startswith("/") or host.count(":") > 1:
        return host, ""
    name, _, port = host.partition(":")
    return name, port
