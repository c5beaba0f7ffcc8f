"""Reading the sources of the settings, and remembering which of them gave each value."""

import json
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from config.errors import ConfigurationError, Problem, nearest

DEFAULT_FILE: Final = Path(__file__).with_name("config.json")
FILE_VARIABLE: Final = "APP_CONFIG_FILE"
PREFIX: Final = "APP_"
DELIMITER: Final = "__"

Keys = tuple[str, ...]


@dataclass
class Loading:
    """One reading of the settings: which file, and what each source gave, strongest first."""

    file: Path | None = None
    states: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def origin(self, path: Keys) -> str:
        """Return the strongest source that holds *path*: a variable, a file, or ``default``."""
        variable = PREFIX + DELIMITER.join(path).upper()
        holders = (name for name, state in self.states if _holds(state, path))
        return next(holders, "default").format(variable=variable)


# How a class method that pydantic calls learns which file to read, and hands back what it read.
loading: ContextVar[Loading | None] = ContextVar("loading", default=None)


def named_sources(
    settings_class: type[BaseSettings],
    constructor: PydanticBaseSettingsSource,
    environment: PydanticBaseSettingsSource,
    dotenv: PydanticBaseSettingsSource,
) -> tuple[PydanticBaseSettingsSource, ...]:
    """Return every source, strongest first, each recorded in the current `Loading`.

    Raises:
        ConfigurationError: A file can't be read, or a variable names no section.
    """
    state = loading.get() or Loading()
    _refuse_unknown_variables(settings_class)
    file, values = _read_file(state.file)
    env_file = dotenv.env_file if isinstance(dotenv, DotEnvSettingsSource) else None
    read = [
        ("constructor argument", constructor()),
        ("{variable}", environment()),
        (f"{env_file}: {{variable}}", dotenv()),
        (file, values),
    ]
    state.states.extend(read)
    return tuple(InitSettingsSource(settings_class, init_kwargs=found) for _, found in read)


def explain(error: ValidationError | SettingsError, state: Loading, model: type[BaseModel]) -> list[Problem]:
    """Return one problem per fault that pydantic found, without any value."""
    if isinstance(error, SettingsError):
        # Its text names the field and the source, and holds no value.
        return [Problem("environment", "", str(error), "a whole section is written as JSON")]
    return [
        _problem(fault["type"], tuple(map(str, fault["loc"])), fault["msg"], state, model) for fault in error.errors()
    ]


def _problem(kind: str, path: Keys, message: str, state: Loading, model: type[BaseModel]) -> Problem:
    if kind != "extra_forbidden":
        return Problem(state.origin(path), ".".join(path), message[:1].lower() + message[1:])
    known = _fields_at(model, path[:-1])
    return Problem(state.origin(path), ".".join(path), "unknown setting", nearest(path[-1], known))


def _read_file(named: Path | None) -> tuple[str, dict[str, Any]]:
    variable = os.environ.get(FILE_VARIABLE)
    path = named or (Path(variable) if variable else DEFAULT_FILE)
    label = _relative(path)
    if path is DEFAULT_FILE and not path.exists():
        return label, {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = f"named by {FILE_VARIABLE}" if variable and not named else ""
        raise _bad_file(label, f"can't be read: {error.strerror}", hint) from None
    except UnicodeDecodeError:
        raise _bad_file(label, "is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _bad_file(f"{label}:{error.lineno}:{error.colno}", f"is not JSON: {error.msg}") from None
    if not isinstance(values, dict):
        raise _bad_file(label, "must hold one JSON object", '{"database": {"url": ...}}')
    return label, values


def _refuse_unknown_variables(settings_class: type[BaseSettings]) -> None:
    """Find ``APP_DATABSE__URL``, which would otherwise be passed over without a word.

    Only names with a delimiter are looked at: container platforms put variables of
    their own, such as ``APP_PORT``, into the environment of a service called *app*.
    """
    sections = list(settings_class.model_fields)
    problems = [
        Problem(name, section, "unknown section", nearest(section, sections))
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and DELIMITER in name
        for section in [name[len(PREFIX) :].split(DELIMITER)[0].lower()]
        if section not in sections
    ]
    if problems:
        raise ConfigurationError(problems)


def _holds(state: Any, path: Keys) -> bool:
    for name in path:
        if not isinstance(state, dict) or name not in state:
            return False
        state = state[name]
    return True


def _fields_at(model: type[BaseModel], path: Keys) -> Iterator[str]:
    for name in path:
        field_info = model.model_fields.get(name)
        if field_info is None or not isinstance(field_info.annotation, type):
            return
        model = field_info.annotation
    yield from model.model_fields


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _bad_file(source: str, reason: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Problem(source, "", reason, hint)])
