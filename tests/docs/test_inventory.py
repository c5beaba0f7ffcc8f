"""Every code block of the documentation is run by a test, or listed here with the reason why not."""

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.guides.blocks import Block, blocks_of
from tests.guides.following import NOT_RUN as NOT_FOLLOWED
from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

# tests/guides follows these block by block, and tests/new follows the tutorial.
GUIDES: Final = sorted(ROOT.glob("docs/guides/[a-z]*.md"))
OTHERS: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "README.md"} - {*GUIDES})
# The blocks of each other page, by their language, and the tests that run them. Commands have the lists below.
RUN: Final = {
    "README.md": ({"python": 6}, "tests/docs/test_readme.py, tests/test_readme.py"),
    "docs/console.md": ({"python": 2}, "tests/docs/test_pages.py"),
    "docs/deployment.md": ({"ini": 1, "yaml": 2}, "tests/docs/test_deployment.py"),
    "docs/doctor.md": ({"python": 1}, "tests/docs/test_pages.py"),
    "docs/http.md": ({"json": 1}, "tests/docs/test_pages.py"),
    "docs/lifetimes.md": ({"python": 2}, "tests/docs/test_pages.py"),
    "docs/operating.md": ({"python": 1}, "tests/docs/test_pages.py"),
    "docs/reading.md": ({"python": 4}, "tests/docs/test_pages.py"),
    "docs/start.md": ({"diff": 4}, "tests/new/test_start.py"),
    "docs/testing.md": ({"python": 11, "toml": 2}, "tests/app/kit/test_recipes.py"),
    "docs/transactions.md": ({"python": 1}, "tests/docs/test_pages.py"),
    "docs/upgrading.md": ({"python": 1}, "tests/upgrade/test_upgrade.py"),
    "docs/wiring.md": ({"mermaid": 1}, "tests/app/commands/test_wiring.py"),
}
# Blocks that no test runs, and why.
NOT_RUN: Final = {
    "docs/metrics.md": ({"bash": 1}, "serves with another server until it is stopped"),
    "docs/traces.md": (
        {"py": 2},
        "sends spans to a collector; tests/sessionscope/integration/observe/test_traces.py runs the same functions",
    ),
}
NONE: Final[tuple[dict[str, int], str]] = ({}, "")
# The beginnings of commands that a test runs, by the page.
COMMANDS_RUN: Final = {
    "README.md": ("curl ", ".venv/bin/python -m app config show"),
    "docs/index.md": ("make run", "curl "),
    "docs/start.md": ("make run", "curl ", "make migration ", "make test check"),
    "docs/upgrading.md": ("make upgrade ",),
    "docs/wiring.md": ("python -m app wiring",),
}
# The beginnings of commands that no test runs, and why.
COMMANDS_NOT_RUN: Final = {
    "cd ": "moves a shell",
    "make new ": "tests/new runs the command behind it, `python -m sessionscope new`",
    ".venv/bin/python -m sessionscope upgrade .": "tests/upgrade runs it with the wheel in a service's environment",
    ".venv/bin/python -m pip install ": "needs a wheel in a place that only the reader knows",
    "python -m app db pool": "needs a service without a free connection, which the tests of the command have",
    "python -m app doctor": "tests/app/commands/test_doctor.py runs it on other servers",
    "python -m app db locks": "needs transactions that wait, which the tests of the command have",
    "python -m app db slow": "needs statistics of a server, which the tests of the command have",
    "python -m app db current": "needs a database in trouble; tests/app/commands runs it",
    "python -m app db check": "as `db current`",
    "curl -s localhost:8000/health/ready": "as `db current`; tests/app/http compares the response",
    "APP_DATABASE__POOL_SIZ=": "tests/app/commands runs `config check`",
    "curl -s localhost:8000/metrics": "needs a service that has some work behind it",
    'python -c "from importlib.resources': "prints where the reader's environment is",
    "make run": "is `db upgrade` and `serve`, which tests/app/commands runs",
    "APP_DATABASE__URL=": "as `make run`",
    "podman build ": "needs Podman and a registry of images",
    "docker ": "needs Docker and a registry of images",
    'echo "POSTGRES_PASSWORD=': "writes a password for the command after it",
    "make servers ": "installs packages",
    "make lock": "asks a registry of packages",
    "make test": "is the suite itself",
    "make check": "is a step of CI",
    "make format": "would change the files",
    "make fuzz": "takes ten minutes",
    "make resilience": "depends on timing",
    ".ci/run": "runs the suite",
    ".venv/bin/python -m benchmarks.": "measures for minutes",
}
# Blocks of other libraries' code, which is compiled and not run: the packages are missing.
PACKAGES_MISSING: Final = {"RedisStreamBroker": "taskiq", "class WorkerSettings": "arq", "Celery(": "celery"}


def name_of(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def consoles_of(page: Path) -> list[Block]:
    """Return the blocks of a page with commands."""
    return [block for block in blocks_of(page) if block.language == "console"]


def commands_of(page: Path) -> list[str]:
    """Return the commands on a page."""
    return [command for block in consoles_of(page) for command, _ in block.commands()]


class TestBlocks:
    @pytest.mark.parametrize("page", OTHERS, ids=name_of)
    def test_each_block_has_a_test(self, page: Path) -> None:
        """If this fails, run the new block in one of these tests, then count it in the table above."""
        expected = {
            language: count
            for blocks in (RUN, NOT_RUN)
            for language, count in blocks.get(name_of(page), NONE)[0].items()
        }
        found = Counter(block.language for block in blocks_of(page) if block.language != "console")
        assert expected == found

    def test_tests_exist(self) -> None:
        """A test that was moved or removed is noticed."""
        assert all((ROOT / test).exists() for _, tests in RUN.values() for test in tests.split(", "))

    @pytest.mark.parametrize("page", OTHERS, ids=name_of)
    def test_each_command_has_a_test_or_a_reason(self, page: Path) -> None:
        """A new command needs one of them."""
        known = (*COMMANDS_RUN.get(name_of(page), ()), *COMMANDS_NOT_RUN)
        assert [] == [command for command in commands_of(page) if not command.startswith(known)]

    @pytest.mark.parametrize("beginning", COMMANDS_NOT_RUN)
    def test_each_reason_is_needed(self, beginning: str) -> None:
        """There is a command that begins so, and no test runs it."""
        commands = [(name_of(page), command) for page in OTHERS for command in commands_of(page)]
        assert any(
            command.startswith(beginning) and not command.startswith(COMMANDS_RUN.get(page, ()))
            for page, command in commands
        )

    def test_targets_of_make_exist(self) -> None:
        """A command that no test runs has at least a target in the Makefile here, or in that of a new service."""
        makefiles = (ROOT / "Makefile").read_text() + (ROOT / "sessionscope" / "template" / "Makefile").read_text()
        named = {found for page in OTHERS for found in re.findall(r"\bmake ([a-z-]+)", "\n".join(commands_of(page)))}
        assert named <= set(re.findall(r"^([a-z-]+):", makefiles, re.MULTILINE))


class TestFirstPage:
    def test_commands_are_those_of_the_tutorial(self) -> None:
        """So the test of the tutorial runs them, and compares what they print."""
        first, tutorial = (
            [command for block in consoles_of(ROOT / "docs" / page) for command in block.commands()]
            for page in ("index.md", "start.md")
        )
        assert [] == [command for command in first if command not in tutorial]


class TestGuides:
    def test_blocks_for_other_libraries_need_their_packages(self) -> None:
        """As soon as a package can be imported, its block can be run like the others."""
        blocks = [block for page in GUIDES for block in blocks_of(page) if block.language == "py"]
        assert sorted(PACKAGES_MISSING.values()) == sorted(map(_package_of, blocks))
        assert [] == [package for package in PACKAGES_MISSING.values() if find_spec(package) is not None]
        for block in blocks:
            compile(block.text, "<page>", "exec")

    @pytest.mark.parametrize("beginning", NOT_FOLLOWED)
    def test_each_command_that_is_not_followed_is_needed(self, beginning: str) -> None:
        """There is a guide with such a command."""
        assert any(command.startswith(beginning) for page in GUIDES for command in commands_of(page))


def _package_of(block: Block) -> str:
    [package] = [package for name, package in PACKAGES_MISSING.items() if name in block.text]
    return package
