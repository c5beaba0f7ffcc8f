"""What an upgrade changes in a service, and what it refuses to change."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from sessionscope.cli.new.locks import pins_of
from sessionscope.cli.upgrade.errors import UpgradeError
from sessionscope.cli.upgrade.upgrading import plan_upgrade, write_upgrade
from tests.upgrade.wheels import OLD_WHEEL, RELEASE, contents, pack_old_wheel, replace

pytestmark = pytest.mark.isolation("none")

NEW_WHEEL: Final = f"vendor/{RELEASE.name}"
HASH: Final = "    --hash=sha256:" + "0" * 64 + "\n"


def git(service: Path, *arguments: str) -> None:
    """Run a git command in the service."""
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=service, check=True, capture_output=True)  # noqa: S603, S607 - git is needed for the tests anyway


def commit(service: Path) -> None:
    """Commit all files of the service to a repository of its own."""
    git(service, "init")
    git(service, "add", "--all")
    git(service, "commit", "--message", "Start")


def upgraded_pins(service: Path, name: str = "requirements/run.txt") -> dict[str, str]:
    """Upgrade the service; return the versions in a lock file."""
    write_upgrade(service, plan_upgrade(service, RELEASE))
    return {package: pin.version for package, pin in pins_of((service / name).read_text()).items()}


# What 0.3.0 pins and 0.2.0 didn't.
ADDED: Final = ("prometheus-client", "python-json-logger")
LOCK: Final = (Path(__file__).parents[2] / "sessionscope" / "template" / "requirements" / "run.txt").read_text()
REPORTED: Final = tuple(f"{name} - -> {pin.version}" for name, pin in pins_of(LOCK).items() if name in ADDED)


class TestPins:
    def test_wheel_and_its_hash_are_replaced(self, notes: Path) -> None:
        """The library's pin stays in its place."""
        write_upgrade(notes, plan_upgrade(notes, RELEASE))
        assert RELEASE.content == (notes / NEW_WHEEL).read_bytes()
        assert not (notes / OLD_WHEEL).exists()
        assert f'sessionscope = {{ path = "{NEW_WHEEL}" }}' in (notes / "pyproject.toml").read_text()
        entry = f"{NEW_WHEEL} \\\n    --hash=sha256:{RELEASE.digest}\nshellingham=="
        assert [1, 1] == [file.read_text().count(entry) for file in notes.glob("requirements/*.txt")]

    @pytest.mark.parametrize(
        ("before", "own", "expected"),
        [
            ("0.90.0", "0.90.0", "0.165.0"),
            ("0.90.0", "0.89.1", "0.165.0"),
            ("0.90.0", "0.1000.0", "0.1000.0"),
            ("0.165.0", "0.90.0", "0.90.0"),
        ],
    )
    def test_pin_is_raised_if_the_release_raised_it_and_the_service_is_behind(
        self, notes: Path, before: str, own: str, expected: str
    ) -> None:
        """A pin that is as new in the service stays, and so does one that the release didn't change."""
        lock = notes / "requirements" / "run.txt"
        replace(lock, "fastapi==0.165.0", f"fastapi=={before}")
        pack_old_wheel(notes)
        replace(lock, f"fastapi=={before}", f"fastapi=={own}")
        assert expected == upgraded_pins(notes)["fastapi"]

    def test_package_that_the_library_newly_needs_is_added(self, notes: Path) -> None:
        """A package that the service has removed isn't."""
        lock = notes / "requirements" / "run.txt"
        entries = {name: pin.text for name, pin in pins_of(lock.read_text()).items()}
        replace(lock, entries["tenacity"], "")
        pack_old_wheel(notes)
        replace(lock, entries["asyncpg"], "")
        pins = upgraded_pins(notes)
        assert ("tenacity" in pins, "asyncpg" in pins) == (True, False)
        assert f"\n{entries['tenacity']}typer==" in lock.read_text()

    def test_packages_of_the_service_and_other_lines_stay(self, notes: Path) -> None:
        """So do lock files of its own, which get the new wheel too."""
        lock = notes / "requirements" / "run.txt"
        replace(lock, "fastapi==", f"# ours\nexample==1.0 \\\n{HASH}    # via notes\nfastapi==")
        shutil.copy(lock, lock.with_name("image.txt"))
        text = lock.read_text()
        assert "1.0" == upgraded_pins(notes)["example"]
        pins = pins_of(lock.read_text())
        kept = lock.read_text()
        for name in ADDED:
            kept = kept.replace(pins[name].text, "")
        assert text.replace(pins_of(text)["sessionscope"].text, pins["sessionscope"].text) == kept
        assert lock.read_text() == lock.with_name("image.txt").read_text()

    def test_several_entries_of_a_package_are_replaced_together(self, notes: Path) -> None:
        """A package may have one for each platform."""
        lock = notes / "requirements" / "run.txt"
        several = f"idna==3.1 ; python_version < '3.12' \\\n{HASH}idna==3.2 ; python_version >= '3.12' \\\n{HASH}"
        replace(lock, pins_of(lock.read_text())["idna"].text, several)
        pack_old_wheel(notes)
        assert {"idna 3.1 -> 3.20", *REPORTED} == set(plan_upgrade(notes, RELEASE).pins)
        assert "3.20" == upgraded_pins(notes)["idna"]
        assert 1 == lock.read_text().count("idna==")

    def test_pins_are_reported_once(self, notes: Path) -> None:
        """Both lock files have the package."""
        for lock in notes.glob("requirements/*.txt"):
            replace(lock, "fastapi==0.165.0", "fastapi==0.90.0")
        pack_old_wheel(notes)
        assert sorted(["fastapi 0.90.0 -> 0.165.0", *REPORTED]) == sorted(plan_upgrade(notes, RELEASE).pins)


class TestSharedFiles:
    def test_container_that_the_service_has_not_changed_is_replaced(self, notes: Path) -> None:
        """It is the same text in each service of a release."""
        file = notes / "containers" / "database.py"
        now = file.read_bytes()
        file.write_text("# as 0.2.0 had it\n")
        pack_old_wheel(notes)
        planned = plan_upgrade(notes, RELEASE)
        write_upgrade(notes, planned)
        assert (now, ()) == (file.read_bytes(), planned.left)

    def test_container_that_the_service_has_changed_stays(self, notes: Path) -> None:
        """What the release changes in it is shown."""
        file = notes / "containers" / "database.py"
        line = file.read_text().splitlines(keepends=True)[-1]
        replace(file, line, "")
        pack_old_wheel(notes)
        file.write_text(f"{file.read_text()}# ours\n")
        own = file.read_bytes()
        planned = plan_upgrade(notes, RELEASE)
        write_upgrade(notes, planned)
        [difference] = planned.left
        assert f"\n+{line}" in difference
        assert own == file.read_bytes()


def remove_project(service: Path) -> None:
    """Take the project file away."""
    (service / "pyproject.toml").unlink()


def damage_project(service: Path) -> None:
    """Make the project file a text that isn't TOML."""
    (service / "pyproject.toml").write_text("[project")


def name_another_source(service: Path) -> None:
    """Take the library from an index."""
    replace(service / "pyproject.toml", f'path = "{OLD_WHEEL}"', 'index = "ours"')


def remove_wheel(service: Path) -> None:
    """Take the wheel away."""
    (service / OLD_WHEEL).unlink()


def damage_wheel(service: Path) -> None:
    """Put the text of a pointer in the wheel's place, as a clone without Git LFS has it."""
    (service / OLD_WHEEL).write_text("version https://git-lfs.example/v1")


def remove_locks(service: Path) -> None:
    """Take the lock files away."""
    shutil.rmtree(service / "requirements")


def lock_another_wheel(service: Path) -> None:
    """Name another wheel in one lock file."""
    replace(service / "requirements" / "run.txt", "sessionscope-0.2.0", "sessionscope-0.1.0")


def have_a_newer_version(service: Path) -> None:
    """Make the service one of a later release."""
    newer = OLD_WHEEL.replace("0.2.0", "10.0.0")
    (service / OLD_WHEEL).rename(service / newer)
    for file in ("pyproject.toml", "requirements/run.txt", "requirements/dev.txt"):
        replace(service / file, OLD_WHEEL, newer)


def change_a_lock_file(service: Path) -> None:
    """Change a lock file after the last commit."""
    commit(service)
    lock = service / "requirements" / "run.txt"
    lock.write_text(f"{lock.read_text()}example==1.0 \\\n{HASH}")


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (remove_project, "has no pyproject.toml"),
            (damage_project, "only services that `python -m sessionscope new` made"),
            (name_another_source, "only services that `python -m sessionscope new` made"),
            (remove_wheel, "is missing: restore it"),
            (damage_wheel, "is damaged: restore it"),
            (remove_locks, "names the library's wheel: run `make lock`"),
            (lock_another_wheel, "run.txt names another wheel than pyproject.toml"),
            (have_a_newer_version, "has version 10.0.0 of the library, newer than 9.0.0"),
            (change_a_lock_file, r"not committed: requirements/run.txt. Commit first"),
        ],
    )
    def test_service_that_cannot_be_upgraded_is_refused(
        self, notes: Path, change: Callable[[Path], None], reason: str
    ) -> None:
        """The error says why, and nothing is changed."""
        change(notes)
        before = contents(notes)
        with pytest.raises(UpgradeError, match=reason):
            plan_upgrade(notes, RELEASE)
        assert before == contents(notes)

    def test_changes_in_other_files_are_no_reason_to_refuse(self, notes: Path) -> None:
        """Only what the upgrade would overwrite has to be committed."""
        commit(notes)
        (notes / "app" / "main.py").write_text("")
        planned = plan_upgrade(notes, RELEASE)
        assert NEW_WHEEL in planned.files

    def test_failed_write_leaves_the_service_as_it_was(self, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An upgrade is done as a whole or not at all."""
        before, planned = contents(notes), plan_upgrade(notes, RELEASE)
        write_bytes = Path.write_bytes

        def fail_at_the_last_lock(file: Path, content: bytes) -> int:
            if file.name == "run.txt" and content != before["requirements/run.txt"]:
                write_bytes(file, content[:100])
                raise OSError(28, "No space left on device", str(file))
            return write_bytes(file, content)

        monkeypatch.setattr(Path, "write_bytes", fail_at_the_last_lock)
        with pytest.raises(OSError, match="No space left"):
            write_upgrade(notes, planned)
        assert before == contents(notes)
