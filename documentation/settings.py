"""Writes docs/settings.md, the reference of the settings, from their models: ``python -m documentation.settings``."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sessionscope.settings import DatabaseUrl, Section, sections
from sessionscope.settings.sources import variable_of

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
INTRODUCTION: Final = """\
<!-- Written by `python -m documentation.settings` from the models in sessionscope/settings/sections.py. -->

# Settings

Every setting has a name, such as `database.pool_size`, and an environment variable, such as `APP_DATABASE__POOL_SIZE`.
A service declares the sections that it uses in `config/settings.py`, and may add sections of its own.

The sources, strongest first: arguments of the constructor, environment variables, the file `.env`, the configuration
file `config/config.json` (`APP_CONFIG_FILE` names another one), and the defaults below.

A list is written in JSON: `APP_SERVER__TRUSTED_PROXIES='["10.0.0.0/8"]'`. Settings are read once, when the process
starts. A name that doesn't exist, or a value that doesn't fit, is an error that names its source and what was probably
meant. `python -m app config check` looks for such errors, and `python -m app config show` prints each value and where
it comes from.
"""
BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
NAMES: Final = {bool: "true or false", int: "integer", float: "number", str: "text", DatabaseUrl: "URL"}


def page() -> str:
    """Return the text of the page."""
    return "\n".join([INTRODUCTION, *(_section(name, section) for name, section in every_section().items())])


def every_section() -> dict[str, type[Section]]:
    """Return the sections of the library by their names, which are those of their classes."""
    found = [kind for kind in vars(sections).values() if isinstance(kind, type) and issubclass(kind, Section)]
    return {kind.__name__.removesuffix("Settings").lower(): kind for kind in found if kind is not Section}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


def _section(name: str, section: type[Section]) -> str:
    about = (section.__doc__ or "").partition("\n")[0].replace("``", "`")
    head = ["| setting | value | description |", "|---|---|---|"]
    rows = [_row(name, setting, field) for setting, field in section.model_fields.items()]
    return "\n".join([f"## {name}", "", about, "", *head, *rows, ""])


def _row(section: str, setting: str, field: FieldInfo) -> str:
    names = f"`{setting}`<br>`{variable_of((section, setting))}`"
    value = ", ".join([_kind(field.annotation), *_bounds(field)])
    return f"| {names} | {value}<br>default: {_default(field)} | {field.description} |"


def _kind(annotation: Any) -> str:
    kinds = [kind for kind in get_args(annotation) if kind not in (NoneType, Ellipsis)]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in kinds)
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(map(_kind, kinds))
    if get_origin(annotation) is tuple:
        return f"list of {_kind(kinds[0])}s"
    return NAMES[annotation]


def _bounds(field: FieldInfo) -> Iterator[str]:
    for bound in field.metadata:
        limits = {name: getattr(bound, name, None) for name in BOUNDS}
        yield from (f"{BOUNDS[name]} {limit}" for name, limit in limits.items() if limit is not None)
        if getattr(bound, "min_length", 0):
            yield "not empty"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return "unset" if value is None else "none"
    return f"`{json.dumps(value, default=str)}`" if isinstance(value, bool) else f"`{value}`"


if __name__ == "__main__":
    main()
