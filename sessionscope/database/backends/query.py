"""Reads the arguments in a URL's query: refuses unknown ones, and converts each to its type."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import signature
from typing import Any, Final

from sqlalchemy import URL

from sessionscope.settings import ConfigurationError, Problem
from sessionscope.settings.errors import nearest

logger = logging.getLogger(__name__)

# The name under which the service connects, unless the URL has another one.
APPLICATION_NAME: Final = "app"

Convert = Callable[[str], Any]
# Arguments by name, converted.
Arguments = dict[str, Any]


def read_query(url: URL, known: Mapping[str, Convert], *, renamed: Mapping[str, str] | None = None) -> Arguments:
    """Return the arguments in *url*'s query, by the names in *known*.

    Args:
        url: The URL with its driver, which the errors name.
        known: The converter of each argument. A converter raises `ValueError` with what it expects.
        renamed: Other spellings of known names.

    Raises:
        ConfigurationError: It has a problem for each argument that is unknown, given twice or can't be converted.
    """
    arguments: Arguments = {}
    problems: list[Problem] = []
    for written, value in url.query.items():
        name = (renamed or {}).get(written, written)
        if name not in known:
            hint = nearest(written, known)
            problems.append(_problem(f"{url.drivername} takes no argument {written!r}", hint))
        elif name in arguments or not isinstance(value, str):
            problems.append(_problem(f"argument {name!r} is given twice"))
        else:
            try:
                arguments[name] = known[name](value)
            except ValueError as error:
                problems.append(_problem(f"argument {written!r}: {error}"))
    if problems:
        raise ConfigurationError(problems)
    return arguments


def arguments_of(connect: Callable[..., Any], objects: Collection[str]) -> dict[str, Convert]:
    """Return the arguments of a driver's *connect* that a URL can give, with their converters.

    Args:
        connect: The driver's function. The default of an argument tells whether it is a flag or a number.
        objects: Names of arguments to leave out, because no text can give them or because they are set elsewhere.
    """
    defaults: dict[str, Any] = {name: each.default for name, each in signature(connect).parameters.items()}
    return {name: _KINDS.get(type(value), str) for name, value in defaults.items() if name not in objects}


def log_left_out(driver: str, names: Iterable[str]) -> None:
    """Log the arguments that *driver* doesn't have, although another driver of the same URL has them."""
    for name in names:
        logger.info("%s has no argument %s, which is ignored", driver, name)


def refuse(reason: str, hint: str = "") -> ConfigurationError:
    """Return an error about the database URL."""
    return ConfigurationError([_problem(reason, hint)])


def _problem(reason: str, hint: str = "") -> Problem:
    return Problem("database URL", "", reason, hint)


# The errors of the converters must never show the value, which may be a secret.


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


_TRUE: Final = ("true", "1", "yes", "on")
_FALSE: Final = ("false", "0", "no", "off")


def flag(text: str) -> bool:
    """Convert ``true``, ``false`` and their usual synonyms."""
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError("must be true or false")
    return text.lower() in _TRUE


_KINDS: Final[dict[Any, Convert]] = {bool: flag, int: whole, float: seconds}


def one_of(*choices: str, synonyms: Mapping[str, str] | None = None) -> Convert:
    """Return a converter that takes only *choices*, in upper or lower case, and returns them as they are spelt here."""
    spelt = {choice.lower(): choice for choice in choices} | dict(synonyms or {})

    def convert(text: str) -> str:
        if text.lower() not in spelt:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return spelt[text.lower()]

    return convert
