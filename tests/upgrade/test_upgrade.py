"""A service that version 0.2.0 made is brought to this version by one command, and its own tests still pass."""

import shutil
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from sessionscope.cli.new.project import LOCK_FILES
from tests.new.running import PATIENCE_SECONDS, ROOT, checked, install, run, served, titles
from tests.upgrade.conftest import NOTES
from tests.upgrade.wheels import OLD_WHEEL, contents

pytestmark = pytest.mark.isolation("none")

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
GUIDE = ROOT / "docs" / "upgrading.md"
NEW_WHEEL = f"vendor/sessionscope-{VERSION}-py3-none-any.whl"


def upgrade(service: Path) -> str:
    """Run the command; return its output."""
    return checked(sys.executable, "-m", "sessionscope", "upgrade", str(service), cwd=ROOT)


def packed(service: Path) -> dict[str, bytes]:
    """Return the files in the service's wheel, but for the list of them, whose order is free."""
    with ZipFile(service / NEW_WHEEL) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith(("/", "/RECORD"))]
        return {name: wheel.read(name) for name in names}


class TestGuide:
    def test_new_lines_are_those_of_a_new_service(self) -> None:
        """What the guide adds to an old service is what a new one begins with."""
        code = GUIDE.read_text().partition("```python\n")[2].partition("```")[0]
        lines = [line.partition("  #")[0] for line in code.splitlines()]
        new = (ROOT / "sessionscope" / "template" / "app" / "main.py").read_text()
        assert ["    " + line for line in lines] == [line for line in new.splitlines() if line.strip() in lines]


class TestUpgrade:
    @pytest.mark.timeout(PATIENCE_SECONDS)
    def test_tests_of_a_service_of_0_2_0_pass_unchanged(self, notes: Path, tmp_path: Path) -> None:
        """Its checks pass too, it is served, and only files that name the library have changed, as the guide shows."""
        printed = upgrade(notes)
        assert f"```console\n$ make upgrade NAME=../notes\n{printed}```\n" in GUIDE.read_text()
        after, before = contents(notes), contents(NOTES)
        assert {"pyproject.toml", NEW_WHEEL, *LOCK_FILES} == {
            name for name, content in after.items() if content != before.get(name)
        }
        assert {NEW_WHEEL} == after.keys() - before.keys()
        install(notes)
        assert "passed" in checked("make", "test", "check", cwd=notes)
        with served(notes, f"sqlite:///{tmp_path}/notes.db") as client:
            assert 201 == client.post("/notes/", json={"title": "Milk", "content": ""}).status_code
            assert ["Milk"] == titles(client)

    def test_installed_library_upgrades_a_service_too(self, notes: Path, tmp_path: Path) -> None:
        """It packs its own wheel, from the files that the installation has."""
        other = shutil.copytree(notes, tmp_path / "other")
        upgrade(notes)
        install(notes)
        checked(str(notes / ".venv" / "bin" / "python"), "-m", "sessionscope", "upgrade", str(other), cwd=tmp_path)
        install(other)
        assert packed(notes) == packed(other)
        assert "passed" in checked("make", "test", "ARGS=--database sqlite", cwd=other)

    def test_lock_files_become_those_of_a_new_service(self, notes: Path, tmp_path: Path) -> None:
        """A second upgrade changes nothing."""
        upgrade(notes)
        checked(sys.executable, "-m", "sessionscope", "new", str(tmp_path / "new"), cwd=ROOT)
        expected, upgraded = contents(tmp_path / "new"), contents(notes)
        for name in (*LOCK_FILES, NEW_WHEEL, "containers/__init__.py", "containers/database.py"):
            assert expected[name] == upgraded[name]
        assert f"The service has version {VERSION} of the library already.\n" == upgrade(notes)
        assert upgraded == contents(notes)

    def test_refusal_is_one_line_with_exit_code_1(self, notes: Path) -> None:
        """Nothing is changed."""
        (notes / OLD_WHEEL).unlink()
        before = contents(notes)
        done = run(sys.executable, "-m", "sessionscope", "upgrade", str(notes), cwd=ROOT)
        assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
        assert before == contents(notes)
