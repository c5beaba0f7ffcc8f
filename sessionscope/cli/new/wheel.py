"""Finds the wheel of the library, which a service keeps in its folder ``vendor/``."""

import os
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sessionscope.cli.new.errors import NewServiceError

PACKAGE: Final = Path(__file__).parents[2]
# What an installer adds to the files of a wheel. The list of the files is made again.
_OF_INSTALLERS: Final = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "RECORD")


class LibraryWheel(NamedTuple):
    """The wheel of the library that is running."""

    name: str
    content: bytes

    @property
    def version(self) -> str:
        """The version of the library."""
        return self.name.split("-")[1]

    @property
    def digest(self) -> str:
        """The SHA-256 of the file, in hexadecimal."""
        return sha256(self.content).hexdigest()


def find_wheel() -> LibraryWheel:
    """Return the wheel of the library: packed from the installed files, or built from a checkout.

    Raises:
        NewServiceError: The library was neither installed from a wheel nor does it run from a checkout with uv.
    """
    installed = _installed()
    if installed is not None:
        return _pack(installed)
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return _build(PACKAGE.parent)
    raise NewServiceError(f"{PACKAGE} was not installed from a wheel: install sessionscope with pip or uv")


def _installed() -> Distribution | None:
    """Return the installed distribution, unless another copy of the library is running, such as a checkout."""
    try:
        found = distribution("sessionscope")
    except PackageNotFoundError:
        return None
    is_running = Path(str(found.locate_file("sessionscope"))).resolve() == PACKAGE.resolve()
    return found if is_running and found.files else None


def _pack(installed: Distribution) -> LibraryWheel:
    """Return the wheel that *installed* came from, with the same files."""
    files = [file for file in installed.files or () if _is_of_the_wheel(file)]
    information = next(file.parent for file in files if file.name == "METADATA")
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for file in files:
            archive.writestr(ZipInfo(str(file)), _unchanged(file), ZIP_DEFLATED)
        rows = [f"{file},{_hash_of(file.read_binary())},{file.size}\n" for file in files]
        record = f"{information}/RECORD"
        archive.writestr(ZipInfo(record), "".join([*rows, f"{record},,\n"]), ZIP_DEFLATED)
    return LibraryWheel(f"sessionscope-{installed.version}-py3-none-any.whl", content.getvalue())


def _is_of_the_wheel(file: PackagePath) -> bool:
    is_ours = file.parts[0] == "sessionscope" or file.parts[0].endswith(".dist-info")
    return is_ours and "__pycache__" not in file.parts and file.name not in _OF_INSTALLERS


def _unchanged(file: PackagePath) -> bytes:
    """Return the content of an installed file. Changes to it would be lost with the next release, so refuse them."""
    content = file.read_binary()
    if file.hash is not None and f"{file.hash.mode}={file.hash.value}" != _hash_of(content):
        raise NewServiceError(f"{file.locate()} was changed after its installation: install sessionscope again")
    return content


def _hash_of(content: bytes) -> str:
    return f"sha256={urlsafe_b64encode(sha256(content).digest()).rstrip(b'=').decode()}"


def _build(checkout: Path) -> LibraryWheel:
    """Build the wheel of a checkout. uv carries the build backend, so nothing is fetched."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    uv = shutil.which("uv", path=path)
    if uv is None:
        raise NewServiceError(
            "building the library's wheel from a checkout needs uv: install it, or use `make new` or `make upgrade`"
        )
    with TemporaryDirectory() as folder:
        command = [uv, "--no-config", "build", "--wheel", "--offline", "--out-dir", folder, str(checkout)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode:
            raise NewServiceError(f"can't build the library's wheel in {checkout}:\n{done.stderr.strip()}")
        [wheel] = Path(folder).glob("*.whl")
        return LibraryWheel(wheel.name, wheel.read_bytes())
