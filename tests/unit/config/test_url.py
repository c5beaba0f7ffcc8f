"""A URL keeps its password to itself, and gives it to the database."""

import copy
import pickle
from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError
from sqlalchemy import make_url

from config import DatabaseSettings, DatabaseUrl, Settings

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
            "settings repr",
            "settings str",
            "settings JSON",
            "settings dict",
            "settings JSON dict",
            "all repr",
            "all JSON",
        ],
    )
    def test_it_is_shown_without_its_password(self, show: Callable[[str], str]) -> None:
        """Whatever makes a text of it or of its settings makes the masked one."""
        shown = show(SETTINGS.url)
        assert (True, False) == ("***" in shown, "s3cr3t" in shown)

    def test_it_is_masked_in_its_query_too(self) -> None:
        """Some drivers take a password as an option."""
        assert MASKED == str(DatabaseUrl(WRITTEN))

    @pytest.mark.parametrize(
        "pass_on",
        [
            lambda url: url,
            copy.copy,
            copy.deepcopy,
            lambda url: pickle.loads(pickle.dumps(url)),  # noqa: S301 - our own bytes
            lambda url: DatabaseSettings(url=url).url,
            lambda url: DatabaseSettings(url=url).model_copy(deep=True).url,
            lambda url: DatabaseSettings.model_validate(DatabaseSettings(url=url).model_dump()).url,
        ],
        ids=["itself", "copy", "deepcopy", "pickle", "settings", "model_copy", "model_dump"],
    )
    def test_the_database_gets_the_password(self, pass_on: Callable[[str], str]) -> None:
        """The real text survives being handed on, though nothing shows it."""
        url = pass_on(SETTINGS.url)
        assert ("s3cr3t", WRITTEN) == (make_url(url).password, url)

    def test_its_parts_are_there(self) -> None:
        """SQLAlchemy's object has the password, decoded."""
        assert "a%b@c" == DatabaseUrl("postgresql://user:a%25b%40c@host/name").parsed.password

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
        assert text == DatabaseUrl.parse(text)

    def test_several_hosts_in_libpqs_place_are_told_theirs(self) -> None:
        """SQLAlchemy has them in the query; the error shows how, and no password."""
        with pytest.raises(PydanticCustomError) as caught:
            DatabaseUrl.parse("postgresql://user:s3cr3t@first:5432,second:5433/name")
        assert str(caught.value).endswith("/name?host=first:5432&host=second:5432")
        assert "s3cr3t" not in str(caught.value)

    def test_several_hosts_are_kept_as_written(self) -> None:
        """In the query they may be."""
        text = "postgresql://user@/name?host=first:5432&host=second:5433&target_session_attrs=read-write"
        url = DatabaseUrl.parse(text)
        assert (text, ("first:5432", "second:5433")) == (url, url.parsed.query["host"])
