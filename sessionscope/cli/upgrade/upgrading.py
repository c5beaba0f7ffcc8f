"""Works out what an upgrade changes in a service, and changes it."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Final, NamedTuple

from sessionscope.cli.new.locks import LIBRARY, Pin, pins_of, release_of, with_pin
from sessionscope.cli.new.project import LOCK_FILES, files_of
from sessionscope.cli.new.wheel import LibraryWheel
from sessionscope.cli.upgrade.errors import UpgradeError
from sessionscope.cli.upgrade.service import Service, read_service, uncommitted

# The same text in every service, until its owner changes it.
SHARED_FILES: Final = ("containers/__init__.py", "containers/database.py")


class Upgrade(NamedTuple):
    """What an upgrade changes.

    Attributes:
        versions: That of the library in the service, and that of the library that is running.
        files: The new content of files, by path. None means that the file is deleted.
        pins: Each package that is pinned anew, with its version before, or "-", and its version now.
        left: What this release changes in shared files that the service has changed too: differences as text.
    """

    versions: tuple[str, str]
    files: dict[str, bytes | None]
    pins: tuple[str, ...]
    left: tuple[str, ...]


class _Releases(NamedTuple):
    """The files of a new service, as the release in the service makes them and as this release does."""

    before: dict[str, str]
    now: dict[str, str]


def plan_upgrade(path: Path, wheel: LibraryWheel) -> Upgrade:
    """Work out the upgrade of the service in the folder *path* to the version of *wheel*, and write nothing.

    Raises:
        UpgradeError: There is no such service, it has a newer version, or changes of its own would be lost.
        OSError: A file can't be read.
    """
    service = read_service(path)
    if release_of(wheel.version) < release_of(service.version):
        raise UpgradeError(f"{path} has version {service.version} of the library, newer than {wheel.version}")
    made = files_of(service.name, wheel)
    new_wheel = f"vendor/{wheel.name}"
    project = (path / "pyproject.toml").read_text().replace(Path(service.wheel).name, wheel.name)
    releases = _Releases(service.template, {name: made[name].decode() for name in (*SHARED_FILES, *LOCK_FILES)})
    locks, pins = _upgraded_locks(service, releases)
    files = {"pyproject.toml": project.encode(), new_wheel: wheel.content, **locks, **_upgraded_shared(path, releases)}
    deleted: dict[str, bytes | None] = {} if service.wheel == new_wheel else {service.wheel: None}
    changed = deleted | {name: content for name, content in files.items() if content != _content(path / name)}
    _check_committed(path, changed)
    return Upgrade((service.version, wheel.version), changed, pins, tuple(_left(path, releases)))


def write_upgrade(path: Path, upgrade: Upgrade) -> None:
    """Write what an upgrade changes. After an error, the service is as it was."""
    earlier = {name: _content(path / name) for name in upgrade.files}
    try:
        _write(path, upgrade.files)
    except BaseException:
        for name, content in earlier.items():
            # The error that is reported is the first one.
            with suppress(OSError):
                _write(path, {name: content})
        raise


def _upgraded_locks(service: Service, releases: _Releases) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the lock files of the service with the pins that changed between the releases, and those pins."""
    locks: dict[str, bytes] = {}
    changes: dict[str, None] = {}
    for name, text in service.locks.items():
        # A lock file of the service's own has what the service runs with.
        source = name if name in LOCK_FILES else LOCK_FILES[0]
        before, now = (pins_of(files.get(source, "")) for files in releases)
        upgraded = text
        for package, pin in _newer(pins_of(text), before, now, pins_of(releases.now[LOCK_FILES[0]])):
            upgraded = with_pin(upgraded, package, pin)
            if package != LIBRARY:
                earlier = pins_of(text).get(package)
                changes[f"{package} {earlier.version if earlier else '-'} -> {pin.version}"] = None
        locks[name] = upgraded.encode()
    return locks, tuple(changes)


def _newer(
    own: dict[str, Pin], before: dict[str, Pin], now: dict[str, Pin], needed: Collection[str]
) -> Iterator[tuple[str, Pin]]:
    """Yield the pins to take over: the library's, those of packages that it needs anew, and later versions.

    A pin that the release didn't change stays, and so does one that is as new in the service. Packages that the
    service has removed, such as the drivers for a database or a tool, aren't added again.
    """
    for package, pin in now.items():
        if package == LIBRARY:
            yield package, pin
        elif package not in own:
            if package in needed and package not in before:
                yield package, pin
        elif pin != before.get(package) and release_of(own[package].version) < release_of(pin.version):
            yield package, pin


def _upgraded_shared(path: Path, releases: _Releases) -> dict[str, bytes]:
    """Return the shared files that the service hasn't changed, as this release has them."""
    unchanged = [name for name in SHARED_FILES if _content(path / name) == releases.before.get(name, "").encode()]
    return {name: releases.now[name].encode() for name in unchanged}


def _left(path: Path, releases: _Releases) -> Iterator[str]:
    """Yield what this release changes in shared files that the service has changed too."""
    for name in SHARED_FILES:
        before, now = releases.before.get(name, ""), releases.now[name]
        if before != now and _content(path / name) not in {None, before.encode(), now.encode()}:
            lines = unified_diff(before.splitlines(True), now.splitlines(True), f"a/{name}", f"b/{name}")
            yield "".join(lines)


def _check_committed(path: Path, changed: Collection[str]) -> None:
    lost = uncommitted(path, changed)
    if lost:
        raise UpgradeError(f"the upgrade would change files that are not committed: {', '.join(lost)}. Commit first.")


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _write(path: Path, files: dict[str, bytes | None]) -> None:
    for name, content in files.items():
        if content is None:
            (path / name).unlink(missing_ok=True)
        else:
            (path / name).write_bytes(content)
