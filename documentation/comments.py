"""An extension of griffe, which reads the docstrings: the comment above a constant of a module describes it."""

from pathlib import Path
from typing import Any

from griffe import Attribute, Docstring, Extension


class Comments(Extension):
    """Takes the comment above a constant that has no docstring in place of one."""

    def on_attribute_instance(self, *, attr: Attribute, **_: Any) -> None:
        """Look above the constant's line."""
        module = attr.parent
        if attr.docstring is None and attr.lineno and module and module.is_module and isinstance(module.filepath, Path):
            comment = _comment_above(module.lines_collection[module.filepath], attr.lineno)
            attr.docstring = Docstring(comment, lineno=attr.lineno, parent=attr) if comment else None


def _comment_above(lines: list[str], number: int) -> str:
    first = number - 1
    while first and lines[first - 1].startswith("# "):
        first -= 1
    return "\n".join(line.removeprefix("# ") for line in lines[first : number - 1])
