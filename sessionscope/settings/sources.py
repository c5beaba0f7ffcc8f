"""Reads the sources of the settings, and records which of them gave each value."""

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from sessionscope.settings.errors import ConfigurationError, Problem, nearest

FILE_VARIABLE: Final = "APP_CONFIG_FILE"
PREFIX: Final = "APP_"
DELIMITER: Final = "__"

# The path to a setting: the names of its sections, then its own name.
Keys = tuple[str, ...]


class Given(NamedTuple):
    """The values that one source gave.

    Attributes:
        label: The source's name in messages; ``{variable}`` stands for the variable that has the setting.
        values: The settings, section by section.
        variables: The source's variables, in lower case. One variable may have a whole section.
    """

    label: str
    values: dict[str, Any]
    variables: Iterable[str] = ()

    def name(self, path: Keys) -> str:
        """Return the source's label for the setting at *path*."""
        names = [variable_of(path[:length]) for length in range(len(path), 0, -1)]
        written = (name for name in names if name.lower() in self.variables)
        return self.label.replace("{variable}", next(written, names[0]))


def variable_of(path: Keys) -> str:
    """Return the environment variable that sets the value at *path*."""
    return PREFIX + DELIMITER.join(path).upper()


@dataclass
class Loading:
    """One reading of the settings: the file, and the values that each source gave, strongest first."""

    file: Path | None = None
    given: list[Given] = field(default_factory=list[Given])

    def origin(self, path: Keys) -> str:
        """Return the strongest source that has a value at *path*: a variable, a file, or ``default``."""
        found = (source.name(path) for source in self.given if _holds(source.values, path))
        return next(found, "default")


# Tells a class method that pydantic calls which file to read, and takes back what was read.
loading: ContextVar[Loading | None] = ContextVar("loading", default=None)


def named_sources(
    settings_class: type[BaseSettings],
    constructor: PydanticBaseSettingsSource,
    environment: PydanticBaseSettingsSource,
    dotenv: PydanticBaseSettingsSource,
) -> tuple[PydanticBaseSettingsSource, ...]:
    """Return every source, strongest first, each recorded in the current `Loading`.

    Raises:
        ConfigurationError: A file can't be read, or a variable names an unknown section or is not JSON.
    """
    state = loading.get() or Loading()
    in_environment = _variables(environment)
    in_dotenv = _variables(dotenv)
    env_file = str(dotenv.env_file) if isinstance(dotenv, DotEnvSettingsSource) else ""
    _refuse_unknown_variables(settings_class, in_environment, in_dotenv, env_file)
    default: Path | None = getattr(settings_class, "config_file", None)
    file, values = _read_file(state.file, {**in_dotenv, **in_environment}, default)
    read = [
        Given("constructor argument", constructor()),
        _read_variables("{variable}", environment, in_environment),
        _read_variables(f"{env_file}: {{variable}}", dotenv, in_dotenv),
        Given(file, values),
    ]
    state.given.extend(read)
    return tuple(InitSettingsSource(settings_class, init_kwargs=source.values) for source in read)


def _variables(source: PydanticBaseSettingsSource) -> Mapping[str, str | None]:
    return source.env_vars if isinstance(source, EnvSettingsSource) else {}


def _read_variables(label: str, source: PydanticBaseSettingsSource, variables: Iterable[str]) -> Given:
    try:
        return Given(label, source(), variables)
    except SettingsError as error:
        # The error has the name of the field in its message only; that message contains no value.
        _, section, *_ = str(error).split('"')
        name = Given(label, {}, variables).name((section,))
        hint = f"or set {PREFIX}{section.upper()}{DELIMITER}... one by one"
        raise ConfigurationError([Problem(name, section, "a whole section must be a JSON object", hint)]) from None


def _read_file(
    named: Path | None, variables: Mapping[str, str | None], default: Path | None
) -> tuple[str, dict[str, Any]]:
    variable = variables.get(FILE_VARIABLE.lower())
    path = named or (Path(variable) if variable else default)
    if path is None:
        return "", {}
    label = _relative(path)
    if path is default and not path.exists():
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
    except (ValueError, RecursionError):
        raise _bad_file(label, "has a number that is too large, or is nested too deeply") from None
    if not isinstance(values, dict):
        raise _bad_file(label, "must contain one JSON object", '{"database": {"url": ...}}')
    return label, cast("dict[str, Any]", values)


def _refuse_unknown_variables(
    settings_class: type[BaseSettings], environment: Iterable[str], dotenv: Iterable[str], env_file: str
) -> None:
    """Find misspelt variables such as ``APP_DATABSE__URL``, which would otherwise be ignored silently.

    In the environment, only names with a delimiter count: container platforms put variables
    of their own, such as ``APP_PORT``, into the environment of a service called *app*.
    """
    written = [("", name) for name in environment if DELIMITER in name]
    written += [(f"{env_file}: ", name) for name in dotenv if name != FILE_VARIABLE.lower()]
    sections = list(settings_class.model_fields)
    problems = [
        Problem(where + name.upper(), section, "unknown section", nearest(section, sections))
        for where, name in sorted(written)
        if name.startswith(PREFIX.lower())
        for section in [name[len(PREFIX) :].split(DELIMITER)[0]]
        if section not in sections
    ]
    if problems:
        raise ConfigurationError(problems)


def _holds(state: Any, path: Keys) -> bool:
    for name in path:
        if not isinstance(state, dict) or name not in state:
            return False
        state = cast("dict[str, Any]", state)[name]
    return True


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _bad_file(source: str, reason: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Problem(source, "", reason, hint)])
