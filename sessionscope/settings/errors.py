"""What is wrong with a configuration, said so that a person can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes:
        source: Where the value came from: a file, a variable, an argument; empty when no source has one.
        field: Dotted path of the setting, empty when the whole source is bad.
        reason: What is wrong with it; never the value, which may be a secret.
        hint: What to do about it, may be empty.
    """

    source: str
    field: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        text = ": ".join(filter(None, (self.source, self.field, self.reason)))
        return f"{text} ({self.hint})" if self.hint else text


class ConfigurationError(ValueError):
    """Raised when settings can't be read or are not valid; one line per problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the *known* word most like *name*, or all of them."""
    known = list(known)
    close = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
