"""Explains pydantic's errors to people: the setting, its source and the remedy, but never a value."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sessionscope.settings.errors import Problem, nearest
from sessionscope.settings.sources import Keys, Loading, variable_of


def explain(error: ValidationError, state: Loading, model: type[BaseModel]) -> list[Problem]:
    """Return a problem for each of pydantic's errors. A missing section gives one for each required setting in it.

    Args:
        error: The error that pydantic raised. None of its values is shown.
        state: The sources of the values.
        model: The class of the settings.
    """
    start = _start(error, model)
    return [
        problem
        for fault in error.errors()
        for problem in _problems(fault["type"], start + tuple(map(str, fault["loc"])), fault["msg"], state, model)
    ]


def _start(error: ValidationError, model: type[BaseModel]) -> Keys:
    """Return the section in which *error* begins: pydantic leaves it out if a default_factory failed."""
    sections = ((name, _section(field.annotation)) for name, field in model.model_fields.items())
    return next(((name,) for name, section in sections if section and section.__name__ == error.title), ())


def _problems(kind: str, path: Keys, message: str, state: Loading, model: type[BaseModel]) -> Iterator[Problem]:
    if kind == "missing":
        yield from _missing(path, model)
    elif kind == "extra_forbidden":
        section = _at(model, path[:-1])
        known = section.model_fields if section else ()
        yield Problem(state.origin(path), ".".join(path), "unknown setting", nearest(path[-1], known))
    else:
        yield Problem(state.origin(path), ".".join(path), message[:1].lower() + message[1:])


def _missing(path: Keys, model: type[BaseModel]) -> Iterator[Problem]:
    section = _at(model, path)
    required = list(_required(section)) if section else [()]
    for rest in required:
        setting = path + rest
        yield Problem("", ".".join(setting), "is required, and no source has it", f"set {_settable(setting)}")
    if not required:
        hint = f"set {variable_of(path)}={{}} to take its defaults"
        yield Problem("", ".".join(path), "is required, and no source has it", hint)


def _settable(path: Keys) -> str:
    """Return the variable that sets the value at *path*. An item of a list has no variable of its own."""
    names = next((path[:index] for index, name in enumerate(path) if name.isdecimal()), path)
    return variable_of(names) if names == path else f"{path[-1]} in {variable_of(names)}"


def _required(section: type[BaseModel]) -> Iterator[Keys]:
    """Yield the path of each setting in *section* that has no default."""
    for name, field in section.model_fields.items():
        if field.is_required():
            inner = _section(field.annotation)
            found = list(_required(inner)) if inner else []
            yield from (((field.alias or name), *rest) for rest in found or [()])


def _at(model: type[BaseModel], path: Keys) -> type[BaseModel] | None:
    """Return the section at *path*, or None if there is none."""
    section: type[BaseModel] | None = model
    for name in path:
        field = section.model_fields.get(name) if section else None
        section = _section(field.annotation) if field else None
    return section


def _section(annotation: Any) -> type[BaseModel] | None:
    """Return the section class in *annotation*, which may be optional, or None if it names no section."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
