"""The command line of a service that the library knows by names alone."""

from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from sessionscope.cli import CommandLine, build_cli
from sessionscope.database.errors import DatabaseError

HERE = "tests.sessionscope.unit.cli.service"


@pytest.fixture(name="cli")
def _cli() -> CommandLine:
    """Give the command line of the service."""
    return cli_over("Container")


def cli_over(container: str) -> CommandLine:
    """Return a command line for a container of the service's."""
    return build_cli(
        help="Do things.",
        settings=f"{HERE}:Settings",
        container=f"{HERE}:{container}",
        create_app=f"{HERE}:create_app",
        app="nowhere:app",
    )


def invoke(cli: CommandLine, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, arguments, prog_name="service")


class TestCommands:
    @pytest.mark.parametrize("group", ["", "db", "config"])
    def test_own_command_follows_those_of_the_library(self, cli: CommandLine, group: str) -> None:
        """A service adds a command to the command line, or to one of its groups."""
        of = {"": cli, "db": cli.db, "config": cli.config}[group]

        @of.command()
        def greet() -> None:
            """Greet."""
            typer.echo("hello")

        assert "hello\n" == invoke(cli, *group.split(), "greet").stdout
        shown = invoke(cli, *group.split(), "--help").stdout
        assert {"": "serve", "db": "drop", "config": "check"}[group] in shown.partition("greet")[0]

    def test_services_in_one_process_share_no_command(self, cli: CommandLine) -> None:
        """A command that one service adds does not appear in another."""
        cli.db.command("greet")(lambda: None)
        assert 2 == invoke(cli_over("Container"), "db", "greet").exit_code

    def test_settings_are_those_of_the_service(self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bad settings are reported in one line, with exit code 2."""
        assert (0, "The configuration is good.\n") == told(invoke(cli, "config", "check"))
        monkeypatch.setenv("APP_SERVER__PORT", "x")
        command = invoke(cli, "config", "check")
        assert (2, 1) == (command.exit_code, len(command.stderr.splitlines()))


class TestContainer:
    def test_container_is_closed_after_the_command(self, cli: CommandLine) -> None:
        """The container is closed, whether or not the command succeeded."""
        used: list[Any] = []

        @cli.command()
        def use() -> None:
            with cli.container() as container:
                used.append(container.resource())
                assert not used[0].is_closed
                raise DatabaseError("it went wrong")

        command = invoke(cli, "use")
        assert (1, "it went wrong\n", True) == (command.exit_code, command.stderr, used[0].is_closed)

    @pytest.mark.parametrize("name", ["Container", "DatabaseAlone"])
    def test_missing_database_is_not_created(self, name: str) -> None:
        """A service may have nothing but a database's container."""
        cli, found = cli_over(name), list[bool]()

        @cli.command()
        def look() -> None:
            with cli.container() as container:
                found.append(getattr(container, "database", container).location().must_exist)

        assert (0, [True]) == (invoke(cli, "look").exit_code, found)

    def test_bad_settings_are_reported(self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bad settings are reported in one line, with exit code 2, as in the library's own commands."""
        monkeypatch.setenv("APP_DATABASE__URL", "nonsense")

        @cli.command()
        def use() -> None:
            with cli.container():
                pytest.fail("there is no container to use")

        command = invoke(cli, "use")
        assert (2, 1) == (command.exit_code, len(command.stderr.splitlines()))


def told(command: Result) -> tuple[int, str]:
    """Return the exit code and the output of a command."""
    return command.exit_code, command.output
