"""Reads and changes lock files, as `make lock` of a service writes them."""

import re
from typing import Final, NamedTuple

LIBRARY: Final = "sessionscope"
# A line with a name and a version, or the library's wheel, and the indented lines below: hashes and annotations.
_PIN: Final = re.compile(
    r"^(?:(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[^]\n]*\])?==(?P<version>[^\s;]+)"
    r"|(?:\./)?vendor/(?P<wheel>sessionscope-(?P<built>[^-\s]+)-\S+\.whl))[^\n]*\n(?:[ \t][^\n]*\n)*",
    re.MULTILINE,
)


class Pin(NamedTuple):
    """What a lock file says of a package: more than one entry if it has several, for different platforms."""

    version: str
    text: str


def pins_of(lock: str) -> dict[str, Pin]:
    """Return the pins in the text of a lock file, by package. The version is the lowest one of a package's entries."""
    pins: dict[str, Pin] = {}
    for found in _PIN.finditer(lock):
        pin = Pin(found["version"] or found["built"], found[0])
        others = pins.get(_name(found), pin)
        text = found[0] if others is pin else others.text + found[0]
        pins[_name(found)] = Pin(min(pin.version, others.version, key=release_of), text)
    return pins


def wheels_in(lock: str) -> set[str]:
    """Return the file names of the library's wheels that a lock file names."""
    return {found["wheel"] for found in _PIN.finditer(lock) if found["wheel"]}


def with_pin(lock: str, name: str, pin: Pin) -> str:
    """Return the lock file with *pin* instead of its entries for the package, in alphabetical order."""
    lock = _PIN.sub(lambda found: "" if _name(found) == name else found[0], lock)
    place = next((found.start() for found in _PIN.finditer(lock) if _name(found) > name), len(lock))
    return lock[:place] + pin.text + lock[place:]


def release_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare. A pre-release counts as its release."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[^\d.]", version)[0]))


def _name(found: re.Match[str]) -> str:
    return found["name"] or LIBRARY
