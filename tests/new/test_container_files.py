"""The container files of the sample and of a new service are complete, and `make lint` reads them."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

TEMPLATE: Final = ROOT / "sessionscope" / "template"


def instructions(file: Path) -> list[str]:
    """Return the instructions of a Containerfile, each in one line."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", "").splitlines() if line]


def last_stage(file: Path) -> list[str]:
    """Return the instructions that make the image itself, from the first one after FROM."""
    found = instructions(file)
    return found[max(index for index, line in enumerate(found) if line.startswith("FROM ")) + 1 :]


class TestContainerfile:
    def test_sources_exist_in_the_sample(self) -> None:
        """The image of the sample can be built from this repository."""
        assert [] == [source for source in sources(ROOT) if not (ROOT / source).exists()]

    def test_sources_exist_in_a_new_service(self, made: Path) -> None:
        """The image of a new service can be built without a change."""
        assert [] == [source for source in sources(made) if not (made / source).exists()]

    def test_both_make_the_same_image(self) -> None:
        """They differ only in what they install and copy."""
        assert last_stage(ROOT / "Containerfile") == last_stage(TEMPLATE / "Containerfile")

    def test_image_has_all_code_of_the_service(self, made: Path) -> None:
        """A new service has no package that its image lacks."""
        packages = {folder.parent.name for folder in made.glob("*/*.py") if folder.parent.name != "tests"}
        assert {"alembic", "app", "config", "containers"} == packages
        assert packages <= set(sources(made))

    def test_user_is_a_number_other_than_root(self) -> None:
        """Kubernetes refuses a name if the pod has to run as another user than root."""
        [user] = [line for line in last_stage(TEMPLATE / "Containerfile") if line.startswith("USER ")]
        assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)

    def test_secrets_and_databases_are_ignored(self, made: Path) -> None:
        """A password in `.env`, and a database beside the code, get into no image."""
        for folder in (ROOT, made):
            ignored = (folder / ".dockerignore").read_text().splitlines()
            assert {".env", ".git", ".venv", "**/__pycache__", "**/*.db", "**/*.db-*"} <= set(ignored)


def sources(folder: Path) -> list[str]:
    """Return what a folder's Containerfile copies from the folder."""
    copies = [line for line in instructions(folder / "Containerfile") if line.startswith("COPY ")]
    return [source for line in copies if "--from" not in line for source in line.split()[1:-1]]


class TestComposeFile:
    def test_new_service_has_that_of_the_sample(self) -> None:
        """A change in one is a change in the other."""
        sample, new = ((folder / "compose.yaml").read_text() for folder in (ROOT, TEMPLATE))
        assert sample.partition("\nservices:\n")[2] == new.partition("\nservices:\n")[2] != ""

    def test_it_contains_no_password(self) -> None:
        """Without a password of one's own, Compose ends with an error."""
        text = (ROOT / "compose.yaml").read_text().partition("\nservices:\n")[2]
        assert ["app:${POSTGRES_PASSWORD:?"] == re.findall(r"://(.+?)see ", text)
        assert ["${POSTGRES_PASSWORD:?"] == re.findall(r"POSTGRES_PASSWORD: (.+?)see ", text)
        assert 3 == text.count("PASSWORD")


class TestLint:
    @pytest.mark.parametrize("pattern", ["*Containerfile", "*compose*.yaml"])
    def test_make_lint_reads_each_file(self, pattern: str) -> None:
        """A new file belongs into the Makefile, which gives it to hadolint or check-jsonschema."""
        command = ["git", "ls-files", pattern, ":!tests"]
        files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
        assert len(files) >= 2
        assert [] == [file for file in files if file not in (ROOT / "Makefile").read_text().split()]
