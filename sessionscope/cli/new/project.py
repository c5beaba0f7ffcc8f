"""Makes a service: the files of the template, with the service's name and the library's wheel put in."""

import re
import shutil
from pathlib import Path
from typing import Final

from sessionscope.cli.new.errors import NewServiceError
from sessionscope.cli.new.locks import LIBRARY, Pin, pins_of, with_pin
from sessionscope.cli.new.wheel import LibraryWheel, find_wheel

TEMPLATE: Final = Path(__file__).parents[2] / "template"
# The template is a service of this name, and it is replaced in every file.
TEMPLATE_NAME: Final = "your-service"
TEMPLATE_WHEEL: Final = "sessionscope.whl"
LOCK_FILES: Final = ("requirements/run.txt", "requirements/dev.txt")
# Names that pyproject.toml, make and a shell take without quotes.
_NAME: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?")


def make_service(path: Path) -> None:
    """Make a service in *path*, which is a new or an empty folder. After an error, nothing of it is there.

    Raises:
        NewServiceError: The path or its name can't be used, or there is no wheel of the library.
    """
    path = path.absolute()
    _check_name(path.name)
    try:
        _check_place(path)
        _write(path, files_of(path.name, find_wheel()))
    except OSError as error:
        raise NewServiceError(f"can't write {error.filename or path}: {error.strerror}") from None


def files_of(name: str, wheel: LibraryWheel) -> dict[str, bytes]:
    """Return the content of each file of a new service, by its path in the service's folder."""
    texts = {file: content.decode().replace(TEMPLATE_NAME, name) for file, content in _template().items()}
    texts["pyproject.toml"] = texts["pyproject.toml"].replace(TEMPLATE_WHEEL, wheel.name)
    pin = Pin(wheel.version, f"vendor/{wheel.name} \\\n    --hash=sha256:{wheel.digest}\n")
    for file in LOCK_FILES:
        texts[file] = with_pin(texts[file], LIBRARY, pin)
    return {file: text.encode() for file, text in texts.items()} | {f"vendor/{wheel.name}": wheel.content}


def _template() -> dict[str, bytes]:
    """Return the content of each file of the template, by its path."""
    files = {file.relative_to(TEMPLATE): file for file in sorted(TEMPLATE.rglob("*")) if file.is_file()}
    # Installers compile all modules of a package, the template's too.
    return {str(name): file.read_bytes() for name, file in files.items() if "__pycache__" not in name.parts}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise NewServiceError(
            f"{name!r} can't be the name of a service: use ASCII letters, digits, - and _, and begin with a letter"
        )
    packages = pins_of((TEMPLATE / LOCK_FILES[-1]).read_text())
    if re.sub("[_-]+", "-", name).lower() in (LIBRARY, *packages):
        raise NewServiceError(f"{name!r} is the name of a package that the service needs: choose another name")


def _check_place(path: Path) -> None:
    if path.is_dir() and any(path.iterdir()):
        raise NewServiceError(f"{path} is not empty: name a new folder, or an empty one")
    if path.exists() and not path.is_dir():
        raise NewServiceError(f"{path} is a file: name a new folder, or an empty one")
    if not path.parent.is_dir():
        raise NewServiceError(f"there is no folder {path.parent}: make it first")


def _write(path: Path, files: dict[str, bytes]) -> None:
    is_new = not path.exists()
    try:
        for name, content in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except BaseException:
        # An empty folder stays, because it may be the working directory.
        for entry in path.glob("*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if is_new and path.exists():
            path.rmdir()
        raise
