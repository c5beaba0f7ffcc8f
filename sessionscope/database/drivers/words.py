"""Reading the arguments in a URL's query: known ones only, each of its kind."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import signature
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Engine

from sessionscope.settings import ConfigurationError, Problem
from sessionscope.settings.errors import nearest

logger = logging.getLogger(__name__)

# What a service calls itself to the servers, where the URL says nothing else.
APPLICATION_NAME: Final = "app"

Convert = Callable[[str], Any]
# Arguments by name, converted.
Words = dict[str, Any]


class Destination(NamedTuple):
    """What `create_engine` is given.

    Attributes:
        url: Has only those query arguments that its dialect reads itself.
        arguments: The rest, for `connect_args`.
        prepare: Adds to the engine made of these what is said on its connections, once they are there.
    """

    url: URL
    arguments: dict[str, Any]
    prepare: Callable[[Engine], None]


def read_words(url: URL, known: Mapping[str, Convert], *, renamed: Mapping[str, str] | None = None) -> Words:
    """Return the arguments in *url*'s query, by the names in *known*.

    Args:
        url: With the driver in it: the errors name it.
        known: How to convert each argument; a `ValueError` of a converter says what was expected.
        renamed: Other spellings of known names.

    Raises:
        ConfigurationError: Has a problem for each argument that is unknown, doubled or can't be converted.
    """
    words: Words = {}
    problems: list[Problem] = []
    for written, value in url.query.items():
        name = (renamed or {}).get(written, written)
        if name not in known:
            hint = nearest(written, known)
            problems.append(_problem(f"{url.drivername} takes no argument {written!r}", hint))
        elif name in words or not isinstance(value, str):
            problems.append(_problem(f"argument {name!r} is given twice"))
        else:
            try:
                words[name] = known[name](value)
            except ValueError as error:
                problems.append(_problem(f"argument {written!r}: {error}"))
    if problems:
        raise ConfigurationError(problems)
    return words


def arguments_of(connect: Callable[..., Any], objects: Collection[str]) -> dict[str, Convert]:
    """Return the arguments of a driver's *connect* that a URL can give, and how to convert each.

    Args:
        connect: Tells by the default of an argument whether it is a flag or a number.
        objects: Names of arguments that no text can be, or that others decide on.
    """
    defaults: dict[str, Any] = {name: each.default for name, each in signature(connect).parameters.items()}
    return {name: _KINDS.get(type(value), str) for name, value in defaults.items() if name not in objects}


def tell_of_lost(driver: str, names: Iterable[str]) -> None:
    """Log which arguments *driver* goes without: another driver of the same URL has them."""
    for name in names:
        logger.info("%s has no %s, and goes without", driver, name)


def refuse(reason: str, hint: str = "") -> ConfigurationError:
    """Return the error that says what is wrong with a database URL."""
    return ConfigurationError([_problem(reason, hint)])


def _problem(reason: str, hint: str = "") -> Problem:
    return Problem("database URL", "", reason, hint)


def chosen(words: Words, names: Collection[str]) -> Words:
    """Return the *words* of these *names*."""
    return {name: value for name, value in words.items() if name in names}


# What the converters say must never show the value, which may be a secret.


def whole(text: str) -> int:
    """Convert a whole number that is not negative."""
    if not text.isdecimal():
        raise ValueError("must be a whole number")
    return int(text)


def seconds(text: str) -> float:
    """Convert a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return value


_FLAGS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def flag(text: str) -> bool:
    """Convert ``true`` and ``false``, and their usual synonyms."""
    if text.lower() not in _FLAGS:
        raise ValueError("must be true or false")
    return _FLAGS[text.lower()]


_KINDS: Final[dict[Any, Convert]] = {bool: flag, int: whole, float: seconds}


def one_of(*choices: str, synonyms: Mapping[str, str] | None = None) -> Convert:
    """Return a converter that takes only these words, in any case, as they are spelt here."""
    spelt = {choice.lower(): choice for choice in choices} | dict(synonyms or {})

    def convert(text: str) -> str:
        if text.lower() not in spelt:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return spelt[text.lower()]

    return convert
