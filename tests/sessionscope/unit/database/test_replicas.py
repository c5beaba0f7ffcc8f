"""The data about a replica show no password."""

import pytest

from sessionscope.database.replicas import _server, build_async_replicas, build_replicas, settings_at
from sessionscope.settings import DatabaseSettings, DatabaseUrl

SETTINGS = DatabaseSettings(
    url="postgresql+psycopg://user:s3cr3t@primary/name",
    replica_urls=["postgresql://user:p%40%25%2F%3As3cr3t@replica/name?sslpassword=s3cr3t"],
)
REPLICA = SETTINGS.replica_urls[0]


class TestReplica:
    def test_replica_settings_hide_the_password(self) -> None:
        """They are the primary's, with a URL that is as well kept, of the primary's driver."""
        settings = settings_at(SETTINGS, REPLICA)
        assert ("p@%/:s3cr3t", DatabaseUrl) == (settings.url.get_secret_value().password, type(settings.url))
        assert "postgresql+psycopg" == settings.url.get_secret_value().drivername
        assert "s3cr3t" not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    def test_replica_arguments_are_not_shown(self, *, is_async: bool) -> None:
        """A connection gets the password, an error report doesn't."""
        pytest.importorskip("psycopg")
        build = build_async_replicas if is_async else build_replicas
        engine = build(SETTINGS)
        assert engine is not None
        server = _server(settings_at(SETTINGS, REPLICA), engine.dialect, is_async=is_async)
        assert ("p@%/:s3cr3t", False) == (server.keywords["password"], "s3cr3t" in f"{server!r} {engine!r}")
