"""docs/start.md works as it stands: its changes can be applied, and its commands print what it shows."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.new.running import PATIENCE_SECONDS, ROOT, checked, run, served

pytestmark = pytest.mark.isolation("none")

DOCUMENT: Final = (ROOT / "docs" / "start.md").read_text()
CURL: Final = re.compile(r"\$ curl -s '?localhost:8000([^' ]+)'?(?: --json '(.+)')?\n(.+)\n")


def requests(section: str) -> Iterator[tuple[str, str, str]]:
    """Yield the path, the body and the expected response of each `curl` in a section."""
    yield from CURL.findall(DOCUMENT.split(f"## {section}\n")[1].split("\n## ")[0])


def mistakes(client: httpx2.Client, section: str) -> Iterator[str]:
    """Send the requests in a section; yield the responses that differ from those shown there."""
    for path, body, shown in requests(section):
        headers = {"content-type": "application/json"}
        response = client.post(path, content=body, headers=headers) if body else client.get(path)
        # Three dots stand for any text.
        if not re.fullmatch(re.escape(shown).replace(r"\.\.\.", ".+"), response.text):
            yield f"{path}: {response.text}"


def apply_changes(service: Path) -> None:
    """Apply all changes in the document, in order."""
    for change in re.findall(r"```diff\n(.+?)```", DOCUMENT, re.DOTALL):
        subprocess.run(["git", "apply", "-"], cwd=service, input=change, text=True, check=True)  # noqa: S607 - git is needed for the tests anyway


class TestStart:
    @pytest.mark.timeout(PATIENCE_SECONDS)
    def test_guide_works_as_it_stands(self, service: Path, tmp_path: Path) -> None:
        """The service is served, changed, tested, migrated and served again."""
        url = f"sqlite:///{tmp_path}/app.db"
        with served(service, url) as client:
            assert 3 == len(list(requests("Run it")))
            assert [] == list(mistakes(client, "Run it"))
        apply_changes(service)
        assert 0 != run("make", "test", "ARGS=-x --database sqlite", cwd=service).returncode
        commands = re.findall(r"^\$ make (migration .+|test check)$", DOCUMENT, re.MULTILINE)
        assert ['migration MESSAGE="add tag"', "test check"] == commands
        for command in commands:
            checked("sh", "-c", f"make {command}", cwd=service, APP_DATABASE__URL=url)
        with served(service, url) as client:
            assert 2 == len(list(requests("Migrate it")))
            assert [] == list(mistakes(client, "Migrate it"))
