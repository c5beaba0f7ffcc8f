"""Wheels of the library: that of version 0.2.0, and one of a release to come."""

from pathlib import Path
from typing import Final
from zipfile import ZipFile

from sessionscope.cli.new.wheel import LibraryWheel

OLD_WHEEL: Final = "vendor/sessionscope-0.2.0-py3-none-any.whl"
RELEASE: Final = LibraryWheel("sessionscope-9.0.0-py3-none-any.whl", b"the files of a release")
SERVICE_FILES: Final = ("containers/*.py", "requirements/*.txt")


def pack_old_wheel(service: Path) -> None:
    """Put the wheel of 0.2.0 into the service: as much of it as an upgrade reads, as if the service were unchanged."""
    (service / "vendor").mkdir(exist_ok=True)
    with ZipFile(service / OLD_WHEEL, "w") as archive:
        for file in (file for pattern in SERVICE_FILES for file in service.glob(pattern)):
            archive.write(file, f"sessionscope/template/{file.relative_to(service)}")


def replace(file: Path, old: str, new: str) -> None:
    """Replace *old*, which the file has to contain."""
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of a folder, except those of its environment, tools and repository."""
    skipped = {".venv", ".git", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
    files = (file for file in folder.rglob("*") if file.is_file())
    named = {file.relative_to(folder): file for file in files}
    return {str(name): file.read_bytes() for name, file in named.items() if not skipped & set(name.parts)}
