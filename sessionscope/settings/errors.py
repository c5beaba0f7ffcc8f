"""Errors in a configuration, described so that a person can fix them."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from sessionscope.errors import SetupError


@dataclass(frozen=True)
class Problem:
    """One error in a configuration.

    Attributes:
        source: Where the value came from: a file, a variable or an argument. Empty if no source has a value.
        field: Dotted path of the setting. Empty if the whole source is bad.
        reason: What is wrong. It never contains the value, which may be a secret.
        hint: What to do about it. May be empty.
    """

    source: str
    field: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        text = ": ".join(filter(None, (self.source, self.field, self.reason)))
        return f"{text} ({self.hint})" if self.hint else text


class ConfigurationError(SetupError, ValueError):
    """Raised when settings can't be read or are not valid, with one line per problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the *known* name that is closest to *name*, or with all known names if none is close."""
    known = list(known)
    close = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
