"""Every bad configuration is told by its source, its field, its reason and its remedy."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from sessionscope.settings import ConfigurationError, Problem
from tests.sessionscope.service.settings import Settings

PASSWORD = "s3cr3t"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an empty directory, with an environment that has nothing of ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("APP_CONFIG_FILE", "APP_DATABASE__URL", "APP_SERVER__PORT"):
        monkeypatch.delenv(name, raising=False)


def refused(path: str | None = None) -> list[str]:
    """Return the lines that tell what is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        _ = Settings.from_file(path) if path else Settings()
    return str(caught.value).splitlines()


class TestFile:
    @pytest.mark.parametrize(
        ("content", "line"),
        [
            (b'{"databse": {}}', "bad.json: databse: unknown setting (did you mean database?)"),
            (
                b'{"database": {"pol_size": 1}}',
                "bad.json: database.pol_size: unknown setting (did you mean pool_size?)",
            ),
            (
                b'{"server": {"zzz": 1}}',
                (
                    "bad.json: server.zzz: unknown setting"
                    " (known here: host, port, workers, shutdown_timeout, max_body_size, trusted_proxies)"
                ),
            ),
            (
                b'{"server": {"trusted_proxies": ["proxy.local"]}}',
                "bad.json: server.trusted_proxies: each must be an IP address, a network such as 10.0.0.0/8, or *",
            ),
            (
                b'{"database": {"pool_size": "many"}}',
                "bad.json: database.pool_size: input should be a valid integer, unable to parse string as an integer",
            ),
            (
                b'{"database": {"pool_size": 0}}',
                "bad.json: database.pool_size: input should be greater than or equal to 1",
            ),
            (b'{"database": {"pool_timeout": -1}}', "bad.json: database.pool_timeout: input should be greater than 0"),
            (
                b'{"database": {"lock_timeout": Infinity}}',
                "bad.json: database.lock_timeout: input should be a finite number",
            ),
            (
                b'{"logging": {"level": "LOUD"}}',
                "bad.json: logging.level: input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'",
            ),
            (
                b'{"database": {"url": 5}}',
                (
                    "bad.json: database.url: not a database URL; "
                    "write it as sqlite:///./app.db or postgresql://user:password@host/name"
                ),
            ),
            (
                b'{"database": {"url": "nonsense"}}',
                (
                    "bad.json: database.url: not a database URL; "
                    "write it as sqlite:///./app.db or postgresql://user:password@host/name"
                ),
            ),
            (
                b'{"database": {"url": "postgersql://host/name"}}',
                "bad.json: database.url: unknown database dialect 'postgersql'; did you mean postgresql?",
            ),
            (
                b'{"database": {"url": "oracle://host/name"}}',
                (
                    "bad.json: database.url: unknown database dialect 'oracle'; "
                    "known here: sqlite, postgresql, postgres, mysql, mariadb"
                ),
            ),
            (
                b'{"database": {"url": "postgresql+psycop://host/name"}}',
                "bad.json: database.url: unknown driver 'psycop' for postgresql; did you mean psycopg?",
            ),
            (
                b'{"server": [1]}',
                "bad.json: server: input should be a valid dictionary or instance of ServerSettings",
            ),
            (b'{"server":\n  {"port" 1}}', "bad.json:2:11: is not JSON: Expecting ':' delimiter"),
            (b"", "bad.json:1:1: is not JSON: Expecting value"),
            (b"[1]", 'bad.json: must contain one JSON object ({"database": {"url": ...}})'),
            (b'{"a": "\xff"}', "bad.json: is not UTF-8 text"),
            (b"[" * 100_000, "bad.json: has a number that is too large, or is nested too deeply"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_what_is_wrong_is_said(self, content: bytes, line: str) -> None:
        """The line has the file, the setting, the reason, and the nearest name we know."""
        Path("bad.json").write_bytes(content)
        assert [line] == refused("bad.json")

    def test_every_problem_is_told_at_once(self) -> None:
        """All errors in a file are reported at once."""
        Path("bad.json").write_text('{"server": {"port": -1, "workers": 0}, "nope": 1}')
        starts = [line.rpartition(": ")[0] for line in refused("bad.json")]
        assert ["bad.json: server.port", "bad.json: server.workers"] == starts[:2]
        assert 3 == len(starts)

    def test_a_missing_file_is_told(self) -> None:
        """A file that the code names must exist."""
        assert ["no.json: can't be read: No such file or directory"] == refused("no.json")

    def test_a_missing_file_of_the_variable_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So must a file that a variable names, and the line names the variable."""
        monkeypatch.setenv("APP_CONFIG_FILE", "no.json")
        assert ["no.json: can't be read: No such file or directory (named by APP_CONFIG_FILE)"] == refused()

    def test_an_unreadable_file_is_told(self) -> None:
        """A file that can't be opened is a problem in the configuration, without a traceback."""
        Path("folder").mkdir()
        assert ["folder: can't be read: Is a directory"] == refused("folder")


class TestEnvironment:
    @pytest.mark.parametrize(
        ("name", "value", "line"),
        [
            ("APP_DATABSE__URL", "x", "APP_DATABSE__URL: databse: unknown section (did you mean database?)"),
            (
                "APP_DATABASE__POOLSIZE",
                "1",
                "APP_DATABASE__POOLSIZE: database.poolsize: unknown setting (did you mean pool_size?)",
            ),
            (
                "APP_SERVER__PORT",
                "eighty",
                "APP_SERVER__PORT: server.port: input should be a valid integer, unable to parse string as an integer",
            ),
            (
                "APP_DATABASE",
                '{"url": "s3cr3t',
                "APP_DATABASE: database: a whole section must be a JSON object (or set APP_DATABASE__... one by one)",
            ),
            (
                "APP_DATABASE",
                '["s3cr3t"]',
                "APP_DATABASE: database: input should be a valid dictionary or instance of DatabaseSettings",
            ),
            (
                "APP_DATABASE",
                '{"pool_size": 0}',
                "APP_DATABASE: database.pool_size: input should be greater than or equal to 1",
            ),
        ],
        ids=["section", "setting", "type", "broken JSON", "no object", "in JSON"],
    )
    @pytest.mark.parametrize("place", ["environment", ".env"])
    def test_the_variable_is_named(
        self, monkeypatch: pytest.MonkeyPatch, place: str, name: str, value: str, line: str
    ) -> None:
        """The line has the variable, the file that it stands in, and the nearest name we know."""
        if place == ".env":
            Path(".env").write_text(f"{name}='{value}'\n")
            line = f".env: {line}"
        else:
            monkeypatch.setenv(name, value)
        assert [line] == refused()

    def test_dotenv_holds_no_unknown_name_of_ours(self) -> None:
        """A variable with our prefix in the .env file is meant for us, so an unknown one is an error."""
        Path(".env").write_text("APP_PROT=1\n")
        known = "database, server, logging, idempotency"
        assert [f".env: APP_PROT: prot: unknown section (known here: {known})"] == refused()

    def test_a_dotenv_that_is_no_text_is_told(self) -> None:
        """A .env in another encoding is a problem of the configuration."""
        Path(".env").write_bytes(b"APP_SERVER__HOST=\xff\n")
        assert [".env: is not UTF-8 text"] == refused()


class Signing(BaseModel):
    key: SecretStr
    hours: int = 1


class Auth(BaseModel):
    key: SecretStr
    signing: Signing
    issuer: str = "us"


class Mail(BaseModel):
    host: str = "localhost"


class WithAuth(Settings):
    auth: Auth


class WithMail(Settings):
    mail: Mail


class WithOptional(Settings):
    auth: Auth | None = None


class WithDefaults(Settings):
    auth: Auth = Field(default_factory=lambda: Auth.model_validate({}))


class WithItems(Settings):
    keys: tuple[Signing, ...]
    by_name: dict[str, Signing] = Field(default_factory=dict[str, Signing])


AUTH_KEY = "auth.key: is required, and no source has it (set APP_AUTH__KEY)"
SIGNING_KEY = "auth.signing.key: is required, and no source has it (set APP_AUTH__SIGNING__KEY)"


class TestMissing:
    @pytest.mark.parametrize(
        ("settings", "variables", "lines"),
        [
            (WithAuth, {}, [AUTH_KEY, SIGNING_KEY]),
            (WithAuth, {"APP_AUTH__ISSUER": "me"}, [AUTH_KEY, SIGNING_KEY]),
            (WithAuth, {"APP_AUTH__KEY": PASSWORD}, [SIGNING_KEY]),
            (WithAuth, {"APP_AUTH__KEY": PASSWORD, "APP_AUTH__SIGNING__HOURS": "2"}, [SIGNING_KEY]),
            (WithDefaults, {}, [AUTH_KEY, SIGNING_KEY]),
            (WithOptional, {"APP_AUTH__KEY": PASSWORD}, [SIGNING_KEY]),
            (WithMail, {}, ["mail: is required, and no source has it (set APP_MAIL={} to take its defaults)"]),
            (WithItems, {}, ["keys: is required, and no source has it (set APP_KEYS)"]),
            (
                WithItems,
                {"APP_KEYS": "[{}]"},
                ["keys.0.key: is required, and no source has it (set key in APP_KEYS)"],
            ),
            (
                WithItems,
                {"APP_KEYS": "[]", "APP_BY_NAME__ME__HOURS": "2"},
                ["by_name.me.key: is required, and no source has it (set APP_BY_NAME__ME__KEY)"],
            ),
        ],
        ids=[
            "section",
            "section with something else",
            "section in it",
            "setting deep down",
            "default factory",
            "optional section",
            "section of defaults",
            "not a section",
            "item",
            "entry",
        ],
    )
    def test_the_variable_to_set_is_named(
        self, monkeypatch: pytest.MonkeyPatch, settings: type[Settings], variables: dict[str, str], lines: list[str]
    ) -> None:
        """A setting without a default has a line of its own, also when its whole section is missing."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ConfigurationError) as caught:
            settings()
        assert lines == str(caught.value).splitlines()

    def test_what_the_lines_say_is_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the named variables set the settings are good."""
        monkeypatch.setenv("APP_AUTH__KEY", PASSWORD)
        monkeypatch.setenv("APP_AUTH__SIGNING__KEY", PASSWORD)
        assert PASSWORD == WithAuth().auth.signing.key.get_secret_value()  # pyright: ignore[reportCallIssue]
        monkeypatch.setenv("APP_MAIL", "{}")
        monkeypatch.delenv("APP_AUTH__KEY")
        monkeypatch.delenv("APP_AUTH__SIGNING__KEY")
        assert "localhost" == WithMail().mail.host  # pyright: ignore[reportCallIssue]

    def test_an_unknown_setting_of_an_optional_section_is_told_the_nearest(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An optional section has its names too."""

        class Strict(BaseModel, extra="forbid"):
            key: str = ""

        class WithStrict(Settings):
            auth: Strict | None = None

        monkeypatch.setenv("APP_AUTH__KEI", "x")
        with pytest.raises(ConfigurationError, match=r"did you mean key\?"):
            WithStrict()


class TestConstructor:
    def test_constructor_argument_is_named_as_the_source(self) -> None:
        """A wrong value from the code is reported as an argument."""
        misspelt: dict[str, Any] = {"datbase": {}}
        with pytest.raises(ConfigurationError) as caught:
            Settings(**misspelt)
        assert [
            Problem("constructor argument", "datbase", "unknown setting", "did you mean database?")
        ] == caught.value.problems


class TestSecrets:
    @pytest.mark.parametrize(
        "value",
        [
            f"oracle://user:{PASSWORD}@host/name",
            f"postgresql+x://user:{PASSWORD}@host/name",
            f"postgresql://user:{PASSWORD}@host:port/name",
            f"user:{PASSWORD}@host",
        ],
    )
    def test_a_bad_url_is_not_shown(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        """No error repeats the value, which holds a password."""
        monkeypatch.setenv("APP_DATABASE__URL", value)
        with pytest.raises(ConfigurationError) as caught:
            Settings()
        error = caught.value
        shown = f"{error} {error!r} {error.args} {error.__context__}"
        assert "APP_DATABASE__URL: database.url" in shown
        assert PASSWORD not in shown
