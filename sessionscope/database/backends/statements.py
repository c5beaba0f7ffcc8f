"""Removes the values from the text of a statement, which may be secret."""

import re
from typing import Final

# A text may be cut off in the middle of a value or a comment, as servers keep only the beginning of a statement.
_HIDDEN: Final = r"""
    (?P<comment> /\* .*? (?:\*/|\Z) | (?:--(?=\s|\Z)|\#(?!>)) [^\n]* )
  | (?P<dollar> \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? (?:\$(?P=tag)\$|\Z) )
  | (?P<text> (?:\b(?:[EBXN]|U&|_\w+\s*))? '(?:[^'\\]|''|\\.)*(?:'|\Z) )
  | (?P<quoted> "(?:[^"\\]|""|\\.)*(?:"|\Z) )
  | (?P<kept> `[^`]*(?:`|\Z) | \$\d+ )
  | (?P<number> (?<![\w.])(?:0x[\da-f]+|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+) (?!\w) )
"""
_PATTERN: Final = re.compile(_HIDDEN, re.IGNORECASE | re.DOTALL | re.VERBOSE)
_LIST: Final = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_ROWS: Final = re.compile(r"(\(\?[^()]*\))(?:\s*,\s*\(\?[^()]*\))+")


def without_values(statement: str, *, quotes_names: bool) -> str:
    """Return *statement* in one line, with ``?`` in place of each value, and without comments.

    Args:
        statement: The text, which may be cut off.
        quotes_names: Whether double quotes are around names, as in the SQL standard. Otherwise, they are around values.
    """

    def replace(found: re.Match[str]) -> str:
        if found["comment"]:
            return " "
        return found[0] if found["kept"] or (found["quoted"] and quotes_names) else "?"

    text = " ".join(_PATTERN.sub(replace, statement).split())
    return _ROWS.sub(r"\1", _LIST.sub("(?)", text))
