"""The precedence of the sources of settings, and the origin that is recorded for each value."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sessionscope.settings import DatabaseSettings, ServerSettings
from tests.sessionscope.service.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an empty directory, with an environment that has nothing of ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("APP_CONFIG_FILE", "APP_DATABASE__URL", "APP_SERVER__PORT"):
        monkeypatch.delenv(name, raising=False)


def write(name: str, port: int) -> Path:
    """Write a configuration file that holds a port."""
    path = Path(name)
    path.write_text(json.dumps({"server": {"port": port}}))
    return path


class TestOrder:
    def test_a_default_is_the_last_resort(self) -> None:
        """A setting that no source gives has its default."""
        settings = Settings()
        assert (8000, "default") == (settings.server.port, settings.origin("server.port"))

    def test_stronger_sources_override_weaker_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The order is constructor, environment, .env, file, default."""
        monkeypatch.setenv("APP_CONFIG_FILE", str(write("mine.json", 1)))
        found = [(Settings().server.port, Settings().origin("server.port"))]
        Path(".env").write_text("APP_SERVER__PORT=2\n")
        found.append((Settings().server.port, Settings().origin("server.port")))
        monkeypatch.setenv("APP_SERVER__PORT", "3")
        found.append((Settings().server.port, Settings().origin("server.port")))
        built = Settings(server=ServerSettings(port=4))
        found.append((built.server.port, built.origin("server")))
        assert [
            (1, "mine.json"),
            (2, ".env: APP_SERVER__PORT"),
            (3, "APP_SERVER__PORT"),
            (4, "constructor argument"),
        ] == found

    def test_sources_are_merged_setting_by_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stronger source replaces the settings that it holds, not the whole section."""
        Path(".env").write_text("APP_SERVER__WORKERS=2\n")
        monkeypatch.setenv("APP_SERVER__HOST", "::1")
        settings = Settings.from_file(write("mine.json", 1))
        assert ServerSettings(host="::1", port=1, workers=2) == settings.server

    def test_the_file_that_comes_with_the_project_is_read(self) -> None:
        """Without another file named, config/config.json next to the code is the file."""
        assert "config.json" == Path(Settings().origin("database.url")).name


class TestFile:
    def test_from_file_comes_before_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that the code names is read in place of the one that APP_CONFIG_FILE names."""
        monkeypatch.setenv("APP_CONFIG_FILE", str(write("other.json", 1)))
        settings = Settings.from_file(write("mine.json", 2))
        assert (2, "mine.json") == (settings.server.port, settings.origin("server.port"))

    def test_from_file_is_for_one_reading(self) -> None:
        """The next settings are read from the usual file again."""
        Settings.from_file(write("mine.json", 2))
        assert 8000 == Settings().server.port

    def test_named_file_replaces_the_default_file(self) -> None:
        """Nothing is read from config/config.json when another file is named."""
        assert "default" == Settings.from_file(write("mine.json", 2)).origin("database.url")

    def test_the_variable_may_stand_in_dotenv(self) -> None:
        """APP_CONFIG_FILE works wherever variables are read."""
        write("mine.json", 2)
        Path(".env").write_text("APP_CONFIG_FILE=mine.json\n")
        assert 2 == Settings().server.port

    def test_a_path_may_hold_braces(self) -> None:
        """The name of a file is shown unchanged."""
        assert "{x}.json" == Settings.from_file(write("{x}.json", 2)).origin("server.port")


class TestEnvironment:
    def test_a_section_may_be_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A whole section fits into one variable, which is then its settings' origin."""
        monkeypatch.setenv("APP_SERVER", '{"port": 5}')
        settings = Settings()
        assert (5, "APP_SERVER") == (settings.server.port, settings.origin("server.port"))

    def test_the_case_of_a_name_is_free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Names may be written in lower case."""
        monkeypatch.setenv("app_server__port", "5")
        assert 5 == Settings().server.port

    def test_variables_of_a_platform_are_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kubernetes sets APP_PORT for a service called app."""
        monkeypatch.setenv("APP_PORT", "tcp://10.0.0.1:80")
        assert 8000 == Settings().server.port

    def test_other_variables_in_dotenv_are_left_alone(self) -> None:
        """Other programs share the .env file, so variables without our prefix are ignored."""
        Path(".env").write_text("OTHER=1\nDATABASE=theirs\nSERVER__PORT=9\nAPP_SERVER__PORT=5\n")
        assert 5 == Settings().server.port


class TestFixed:
    @pytest.mark.parametrize("field", ["database", "server", "logging"])
    def test_settings_are_frozen(self, field: str) -> None:
        """Settings are read once: no section can be replaced."""
        with pytest.raises(ValidationError, match="frozen"):
            setattr(Settings(), field, None)

    def test_sections_are_frozen(self) -> None:
        """No setting of a section can be replaced."""
        with pytest.raises(ValidationError, match="frozen"):
            Settings().server.port = 1  # type: ignore[misc]

    def test_a_section_takes_no_unknown_setting(self) -> None:
        """A section that the code builds refuses a misspelt setting too."""
        with pytest.raises(ValidationError, match="pol_size"):
            DatabaseSettings.model_validate({"pol_size": 1})

    def test_a_section_that_the_code_builds_is_taken_as_it_is(self) -> None:
        """Settings built around a section hold its values."""
        database = DatabaseSettings(url="postgresql://user:s3cr3t@host/name")
        assert database == Settings(database=database).database
