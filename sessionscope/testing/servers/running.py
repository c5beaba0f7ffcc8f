"""A server that is already running."""

from sqlalchemy import URL


class RunningServer:
    """A server that was not started by the tests.

    Args:
        url: The URL of one of its databases, for a user who may create databases. This user is also the
            administrator.
    """

    def __init__(self, url: URL) -> None:
        self._url = url

    def url(self, database: str | None = None, *, driver: str | None = None, admin: bool = False) -> URL:  # noqa: ARG002 - there is only one user
        """Return the URL of *database*, or of the original database."""
        backend = self._url.get_backend_name()
        name = backend if driver is None else f"{backend}+{driver}"
        return self._url.set(drivername=name, database=database or self._url.database)
