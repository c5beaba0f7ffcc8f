"""A server that is there already."""

from sqlalchemy import URL


class RunningServer:
    """A server that somebody else runs.

    Args:
        url: Of one of its databases, for a user who may create databases; there is no other
            administrator.
    """

    def __init__(self, url: URL) -> None:
        self._url = url

    def url(self, database: str | None = None, *, driver: str | None = None, admin: bool = False) -> URL:  # noqa: ARG002 - the one user there is
        """Return the URL of *database*, or of the one that was named to begin with."""
        backend = self._url.get_backend_name()
        name = backend if driver is None else f"{backend}+{driver}"
        return self._url.set(drivername=name, database=database or self._url.database)
