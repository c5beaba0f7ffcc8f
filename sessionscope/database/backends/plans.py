"""What the backends share to show how a database would run a statement, without running it."""

import re
from collections.abc import Callable
from itertools import count
from typing import Final

_EXPLAINABLE: Final = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b[^;]*;?\s*\Z", re.IGNORECASE)
# Texts, names and comments, in which a question mark is not a placeholder.
_QUOTED: Final = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*.*?\*/"""
_QUESTION_MARK: Final = re.compile(rf"(?P<quoted>{_QUOTED})|\?", re.DOTALL)
# Drivers with these placeholders replace them in quoted texts too, and a percent sign is written twice.
_PERCENT: Final = re.compile(r"(?P<quoted>%%)|%\(\w+\)s|%s")
_PATTERNS: Final = {"qmark": _QUESTION_MARK, "format": _PERCENT, "pyformat": _PERCENT}


def is_explainable(statement: str) -> bool:
    """Tell whether *statement* is a single SELECT, INSERT, UPDATE or DELETE, which may begin with WITH."""
    return _EXPLAINABLE.match(statement) is not None


def writes(statement: str) -> bool:
    """Tell whether *statement* may write: anything but a plain SELECT."""
    return statement.lstrip()[:6].upper() != "SELECT"


def with_placeholders(statement: str, paramstyle: str, placeholder: Callable[[int], str]) -> tuple[str, int]:
    """Return *statement* with other placeholders, and how many it has.

    Args:
        statement: The text as it was sent to the driver.
        paramstyle: How the driver writes placeholders, as in PEP 249. One that is not known leaves them as they are.
        placeholder: Returns what takes the place of a placeholder. It is called with 1 for the first one.
    """
    numbers, replaced = count(1), 0

    def replace(found: re.Match[str]) -> str:
        nonlocal replaced
        if found["quoted"]:
            return "%" if found["quoted"] == "%%" else found["quoted"]
        replaced = next(numbers)
        return placeholder(replaced)

    pattern = _PATTERNS.get(paramstyle)
    text = pattern.sub(replace, statement) if pattern else statement
    return text, replaced
