"""The command `new`: where it makes a service, and where it takes the library's wheel from."""

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest

from sessionscope.cli.new.errors import NewServiceError
from sessionscope.cli.new.project import TEMPLATE, make_service
from sessionscope.cli.new.wheel import LibraryWheel, find_wheel

pytestmark = pytest.mark.isolation("none")

PACKAGE: Final = TEMPLATE.parent


@pytest.fixture(scope="session", name="wheel")
def _wheel() -> LibraryWheel:
    """Give the wheel of this checkout."""
    return find_wheel()


@pytest.fixture(name="installed")
def _installed(wheel: LibraryWheel, tmp_path: Path) -> Path:
    """Install the wheel into a folder, as an installer does: it adds files, and compiles modules."""
    (tmp_path / "library.zip").write_bytes(wheel.content)
    shutil.unpack_archive(tmp_path / "library.zip", tmp_path / "packages")
    [information] = tmp_path.glob("packages/*.dist-info")
    with (information / "RECORD").open("a") as record:
        for name in (f"{information.name}/INSTALLER", "sessionscope/template/app/__pycache__/main.cpython-311.pyc"):
            (information.parent / name).parent.mkdir(exist_ok=True)
            (information.parent / name).write_bytes(b"\0added")
            record.write(f"{name},,\n")
    return tmp_path / "packages"


def new(path: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with the library in *packages*."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "sessionscope", "new", str(path)],
        cwd=path.parent,
        env=os.environ | {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(wheel: bytes | Path) -> dict[str, bytes]:
    """Return the files in a wheel; the lines of its list in order."""
    with ZipFile(wheel if isinstance(wheel, Path) else BytesIO(wheel)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    return {
        name: b"\n".join(sorted(data.splitlines())) if name.endswith("RECORD") else data for name, data in files.items()
    }


class TestWheel:
    def test_wheel_of_an_installed_library_is_that_which_was_installed(
        self, wheel: LibraryWheel, installed: Path, tmp_path: Path
    ) -> None:
        """A user who has only the wheel needs no file of it, and gets the same service twice."""
        for name in ("one", "two"):
            assert 0 == new(tmp_path / name, installed).returncode
        packed = tmp_path / "one" / "vendor" / wheel.name
        assert contents(wheel.content) == contents(packed)
        assert packed.read_bytes() == (tmp_path / "two" / "vendor" / wheel.name).read_bytes()
        assert not list(tmp_path.glob("one/**/__pycache__"))

    def test_lock_file_has_the_hash_of_the_wheel(self, wheel: LibraryWheel, tmp_path: Path) -> None:
        """Installers refuse another wheel."""
        make_service(tmp_path / "one")
        for name in ("run", "dev"):
            lines = (tmp_path / "one" / "requirements" / f"{name}.txt").read_text().splitlines()
            place = lines.index(f"vendor/{wheel.name} \\")
            [vendored] = (tmp_path / "one" / "vendor").iterdir()
            digest = LibraryWheel(vendored.name, vendored.read_bytes()).digest
            assert f"    --hash=sha256:{digest}" == lines[place + 1]

    def test_changed_file_is_refused(self, installed: Path, tmp_path: Path) -> None:
        """A wheel with changed files would have the version of a release, but not its content."""
        changed = installed / "sessionscope" / "errors.py"
        changed.write_text(f"{changed.read_text()}\n")
        done = new(tmp_path / "one", installed)
        assert (2, f"{changed} was changed after its installation: install sessionscope again\n") == (
            done.returncode,
            done.stderr,
        )
        assert not (tmp_path / "one").exists()

    def test_copy_of_the_folder_has_no_wheel(self, tmp_path: Path) -> None:
        """The error says what to do."""
        shutil.copytree(PACKAGE, tmp_path / "packages" / "sessionscope", ignore=shutil.ignore_patterns("__pycache__"))
        done = new(tmp_path / "one", tmp_path / "packages")
        assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert "install sessionscope with pip or uv" in done.stderr

    def test_checkout_needs_uv(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The wheel of a checkout is built by uv."""
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NewServiceError, match="needs uv"):
            find_wheel()


class TestPlace:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("1st", "ASCII letters"),
            ("my notes", "ASCII letters"),
            ("nötes", "ASCII letters"),
            ("notes-", "ASCII letters"),
            ("FastAPI", "a package that the service needs"),
            ("sessionscope", "a package that the service needs"),
            ("there/no/notes", "there is no folder"),
            ("full", "is not empty"),
            ("file", "is a file"),
            ("n" * 300, "File name too long"),
        ],
    )
    def test_unusable_path_is_refused(self, tmp_path: Path, name: str, reason: str) -> None:
        """Nothing is written."""
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "a").touch()
        (tmp_path / "file").touch()
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(NewServiceError, match=reason):
            make_service(tmp_path / name)
        assert before == sorted(tmp_path.rglob("*"))

    def test_empty_folder_is_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The working directory has a name too."""
        (tmp_path / "notes").mkdir()
        monkeypatch.chdir(tmp_path / "notes")
        make_service(Path())
        assert 'name = "notes"' in (tmp_path / "notes" / "pyproject.toml").read_text()

    @pytest.mark.parametrize("exists", [False, True], ids=["new", "empty"])
    def test_half_a_service_is_removed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool) -> None:
        """If the disk is full, the folder is as it was before."""
        write = Path.write_bytes

        def write_some(file: Path, content: bytes) -> int:
            if file.name == "main.py":
                raise OSError(28, "No space left on device", str(file))
            return write(file, content)

        monkeypatch.setattr(Path, "write_bytes", write_some)
        path = tmp_path / "notes"
        if exists:
            path.mkdir()
        with pytest.raises(NewServiceError, match=r"main\.py: No space left on device"):
            make_service(path)
        assert exists == path.exists()
        assert [] == list(path.glob("*"))
