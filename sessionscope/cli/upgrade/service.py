"""Reads a service that has the library's wheel in its folder ``vendor/``."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from sessionscope.cli.new.locks import wheels_in
from sessionscope.cli.upgrade.errors import UpgradeError

_TEMPLATE = "sessionscope/template/"


class Service(NamedTuple):
    """A service, and the template that it was made from.

    Attributes:
        path: Its folder.
        name: Its name in ``pyproject.toml``.
        wheel: The path of the library's wheel in the folder.
        locks: The lock files that name the wheel, by their paths in the folder.
        template: The template in that wheel, by the paths of its files.
    """

    path: Path
    name: str
    wheel: str
    locks: dict[str, str]
    template: dict[str, str]

    @property
    def version(self) -> str:
        """The version of the library."""
        return Path(self.wheel).name.split("-")[1]


def read_service(path: Path) -> Service:
    """Read the service in the folder *path*.

    Raises:
        UpgradeError: It isn't one that ``python -m sessionscope new`` made, or its files contradict each other.
        OSError: A file can't be read.
    """
    name, wheel = _read_project(path)
    if not (path / wheel).is_file():
        raise UpgradeError(f"{path / wheel} is missing: restore it, or name the wheel that is there in pyproject.toml")
    return Service(path, name, wheel, _read_locks(path, Path(wheel).name), _read_template(path / wheel))


def uncommitted(path: Path, files: Collection[str]) -> list[str]:
    """Return those of *files* whose present content is not committed. Without a Git repository there are none."""
    git = shutil.which("git")
    if git is None or not files:
        return []
    command = [git, "-C", str(path), "status", "--porcelain", "-z", "--no-renames", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return [entry[3:] for entry in done.stdout.split("\0") if entry]


def _read_project(path: Path) -> tuple[str, str]:
    """Return the name of the service, and the path of the wheel that its project file names."""
    file = path / "pyproject.toml"
    if not file.is_file():
        raise UpgradeError(f"{path} has no pyproject.toml: name the folder of a service")
    try:
        project: dict[str, Any] = tomllib.loads(file.read_text())
        name, wheel = project["project"]["name"], project["tool"]["uv"]["sources"]["sessionscope"]["path"]
    except (ValueError, KeyError, TypeError):
        name, wheel = "", ""
    if not name or not re.fullmatch(r"(\./)?vendor/sessionscope-[^-/]+-[^/]+\.whl", wheel):
        raise UpgradeError(
            f"{file} doesn't name the library's wheel in vendor/: "
            "only services that `python -m sessionscope new` made can be upgraded so"
        )
    return str(name), str(wheel).removeprefix("./")


def _read_locks(path: Path, wheel: str) -> dict[str, str]:
    texts = {f"requirements/{file.name}": file.read_text() for file in sorted(path.glob("requirements/*.txt"))}
    locks = {name: text for name, text in texts.items() if wheels_in(text)}
    if not locks:
        raise UpgradeError(f"no file in {path / 'requirements'} names the library's wheel: run `make lock` first")
    for name, text in locks.items():
        if wheels_in(text) != {wheel}:
            raise UpgradeError(f"{path / name} names another wheel than pyproject.toml: run `make lock` first")
    return locks


def _read_template(wheel: Path) -> dict[str, str]:
    try:
        with ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(_TEMPLATE) and not name.endswith("/")]
            return {name.removeprefix(_TEMPLATE): archive.read(name).decode() for name in names}
    except BadZipFile:
        raise UpgradeError(f"{wheel} is damaged: restore it") from None
