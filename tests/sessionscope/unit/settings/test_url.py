"""A URL keeps its password to itself, and gives it to the database."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticCustomError
from sqlalchemy import URL, make_url

from sessionscope.settings import DatabaseSettings, DatabaseUrl
from tests.sessionscope.service.settings import Settings

WRITTEN = "postgresql://user:s3cr3t@host/name?sslpassword=s3cr3t"
MASKED = "postgresql://user:***@host/name?sslpassword=***"
SETTINGS = DatabaseSettings(url=WRITTEN)


class TestDatabaseUrl:
    @pytest.mark.parametrize(
        "show",
        [
            str,
            repr,
            lambda url: f"{url}",
            lambda url: f"{url:>80}",
            lambda url: "%s %r" % (url, url),  # noqa: UP031 - what logging does
            lambda url: logging.makeLogRecord({"msg": "at %s", "args": (url,)}).getMessage(),
            lambda url: json.dumps({"url": url}, default=str),
            lambda _: json.dumps(SETTINGS.model_dump(), default=str),
            lambda _: repr(SETTINGS),
            lambda _: str(SETTINGS),
            lambda _: SETTINGS.model_dump_json(),
            lambda _: repr(SETTINGS.model_dump()),
            lambda _: repr(SETTINGS.model_dump(mode="json")),
            lambda _: repr(Settings(database=SETTINGS)),
            lambda _: Settings(database=SETTINGS).model_dump_json(),
        ],
        ids=[
            "str",
            "repr",
            "format",
            "format spec",
            "percent",
            "log line",
            "JSON with a default",
            "settings dict as JSON",
            "settings repr",
            "settings str",
            "settings JSON",
            "settings dict",
            "settings JSON dict",
            "all repr",
            "all JSON",
        ],
    )
    def test_url_is_shown_without_its_password(self, show: Callable[[DatabaseUrl], str]) -> None:
        """Whatever makes a text of it or of its settings makes the masked one."""
        shown = show(SETTINGS.url)
        assert (True, False) == ("***" in shown, "s3cr3t" in shown)

    @pytest.mark.parametrize(
        "make",
        [
            json.dumps,
            ",".join,
            lambda url: url + "",
            lambda url: "" + url,
            lambda url: url.strip(),
            lambda url: url[:],
            list,
        ],
        ids=["json", "join", "add to it", "add it", "strip", "slice", "list"],
    )
    def test_url_can_not_be_used_as_a_text(self, make: Callable[[Any], str]) -> None:
        """Making a text past the mask is an error, and the error has no password."""
        with pytest.raises((TypeError, AttributeError)) as caught:
            make(SETTINGS.url)
        assert "s3cr3t" not in str(caught.value)

    @pytest.mark.parametrize("name", ["password", "passwd", "sslpassword", "ssl_key_password", "oauth_client_secret"])
    def test_a_secret_in_its_query_is_masked(self, name: str) -> None:
        """Some drivers take secrets as arguments."""
        assert f"postgresql://host/name?{name}=***" == str(DatabaseUrl(f"postgresql://host/name?{name}=s3cr3t"))

    def test_the_query_is_masked_with_the_rest(self) -> None:
        """One text has no secret in either place."""
        assert MASKED == str(DatabaseUrl(WRITTEN))

    @pytest.mark.parametrize(
        "pass_on",
        [
            lambda url: url,
            copy.copy,
            copy.deepcopy,
            lambda url: pickle.loads(pickle.dumps(url)),  # noqa: S301 - our own bytes
            lambda url: pickle.loads(pickle.dumps(DatabaseSettings(url=url))).url,  # noqa: S301
            lambda url: DatabaseSettings(url=url).url,
            lambda url: DatabaseSettings(url=url.get_secret_value()).url,
            lambda url: DatabaseSettings(url=url, replica_urls=[url]).replica_urls[0],
            lambda url: DatabaseSettings(url=url).model_copy(deep=True).url,
            lambda url: DatabaseSettings.model_validate(DatabaseSettings(url=url).model_dump()).url,
            lambda url: Settings(database=DatabaseSettings(url=url)).database.url,
        ],
        ids=[
            "itself",
            "copy",
            "deepcopy",
            "pickle",
            "pickled settings",
            "settings",
            "SQLAlchemy's",
            "replica",
            "model_copy",
            "model_dump",
            "all settings",
        ],
    )
    def test_the_database_gets_the_password(self, pass_on: Callable[[DatabaseUrl], DatabaseUrl]) -> None:
        """The real URL survives being handed on, though nothing shows it."""
        assert make_url(WRITTEN) == pass_on(DatabaseUrl(WRITTEN)).get_secret_value()

    def test_a_masked_password_is_refused(self) -> None:
        """Settings from the JSON of others would fail to connect, with a password that nobody wrote."""
        with pytest.raises(ValueError, match="masked"):
            DatabaseSettings.model_validate_json(SETTINGS.model_dump_json())

    def test_url_is_a_text_in_a_schema(self) -> None:
        """A schema of the settings shows what to write."""
        described = DatabaseSettings.model_json_schema()["properties"]
        assert ("string", "string") == (described["url"]["type"], described["replica_urls"]["items"]["type"])

    def test_service_settings_may_have_url_fields(self) -> None:
        """A second database is a section with a URL of its own, given as a text."""

        class Journal(BaseModel):
            url: DatabaseUrl

        journal = Journal(url="postgresql://user:s3cr3t@host/journal")
        assert ("journal", False) == (journal.url.get_secret_value().database, "s3cr3t" in repr(journal))

    @pytest.mark.parametrize(
        "text",
        [
            "sqlite:///:memory:",
            "sqlite+aiosqlite:///x.db",
            "postgres://h/n",
            "postgresql+asyncpg://h/n",
            "mariadb://h/n",
        ],
    )
    def test_what_we_know_is_kept_as_written(self, text: str) -> None:
        """Any of our dialects, with any of our drivers or none, is taken."""
        assert make_url(text) == DatabaseUrl(text).get_secret_value()

    def test_several_hosts_in_libpqs_place_are_told_theirs(self) -> None:
        """SQLAlchemy has them in the query; the error shows how, and no password."""
        with pytest.raises(PydanticCustomError) as caught:
            DatabaseUrl("postgresql://user:s3cr3t@first:5432,second:5433/name")
        assert str(caught.value).endswith("/name?host=first:5432&host=second:5432")
        assert "s3cr3t" not in str(caught.value)

    def test_several_hosts_are_kept_as_written(self) -> None:
        """In the query they may be."""
        url: URL = DatabaseUrl("postgresql://user@/name?host=first:5432&host=second:5433").get_secret_value()
        assert ("first:5432", "second:5433") == url.query["host"]
