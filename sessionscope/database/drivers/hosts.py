"""The servers in a PostgreSQL URL: one server, or several to try one after the other."""

from typing import Final, NamedTuple

from sqlalchemy import URL

from sessionscope.database.drivers.words import refuse

_DEFAULT_PORT: Final = 5432


class Hosts(NamedTuple):
    """Hosts in the query of a URL.

    Attributes:
        hosts: Names, addresses or socket directories. Empty if the host is in its usual place in the URL.
        ports: A port for each host.
    """

    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def are_several(self) -> bool:
        """Whether there is more than one host, so that another can replace one that fails."""
        return len(self.hosts) > 1

    @property
    def query(self) -> dict[str, str]:
        """The query arguments from which SQLAlchemy's dialects read hosts."""
        if not self.hosts:
            return {}
        return {"host": ",".join(self.hosts), "port": ",".join(map(str, self.ports))}


def hosts_of(url: URL) -> Hosts:
    """Return the hosts written as ``host=a:1&host=b:2``, ``host=a,b&port=1,2`` or ``//a,b/name``.

    Raises:
        ConfigurationError: The ports don't match the hosts.
    """
    written, ports = _listed(url.query.get("host", ())), _listed(url.query.get("port", ()))
    if not written and not ports and "," not in (url.host or ""):
        return Hosts()
    pairs = [_split(host) for host in written or _listed(url.host or "localhost")]
    if ports and any(port for _, port in pairs):
        raise refuse("write ports with their hosts or in port=, not both")
    ports = ports or [port or str(url.port or _DEFAULT_PORT) for _, port in pairs]
    ports = ports * len(pairs) if len(ports) == 1 else ports
    if len(ports) != len(pairs) or not all(map(str.isdecimal, ports)):
        raise refuse("each host takes one port, a number")
    return Hosts(tuple(host for host, _ in pairs), tuple(map(int, ports)))


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
