"""The base class of a service's settings, which are read from several sources.

Order of the sources: constructor > environment (``APP_DATABASE__URL``) > ``.env`` > configuration file > defaults.
"""

from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sessionscope.settings.errors import ConfigurationError, Problem
from sessionscope.settings.explaining import explain
from sessionscope.settings.sources import Loading, loading, named_sources


class ServiceSettings(BaseSettings):
    """Base class of a service's settings, which are read once and can't be changed.

    Attributes:
        config_file: The configuration file to read unless another one is named. It may be missing.

    Raises:
        ConfigurationError: A source can't be read, or a setting is unknown, of the wrong type or out of bounds.
    """

    model_config = SettingsConfigDict(
        env_prefix="APP_",
        env_nested_delimiter="__",
        env_file=".env",
        # Other programs may have variables in the same file. `named_sources` finds misspelt ones of ours.
        dotenv_filtering="only_existing",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    config_file: ClassVar[Path | None] = None

    _loading: Loading = PrivateAttr(default_factory=Loading)

    def __init__(self, **values: Any) -> None:
        state = loading.get() or Loading()
        token = loading.set(state)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigurationError(explain(error, state, type(self))) from None
        except UnicodeDecodeError:
            raise ConfigurationError([Problem(".env", "", "is not UTF-8 text")]) from None
        except OSError as error:
            raise ConfigurationError([Problem(".env", "", f"can't be read: {error.strerror}")]) from None
        finally:
            loading.reset(token)
        self._loading = state

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Return the settings, with *path* in place of the default configuration file.

        The environment and ``.env`` still override the file.

        Raises:
            ConfigurationError: As for the constructor, or *path* does not exist.
        """
        token = loading.set(Loading(file=Path(path)))
        try:
            return cls()
        finally:
            loading.reset(token)

    def origin(self, field: str) -> str:
        """Return a description of where *field*'s value came from.

        Args:
            field: Dotted path, such as ``database.url``.
        """
        return self._loading.origin(tuple(field.split(".")))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no secrets directory
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources for pydantic-settings, strongest first."""
        return named_sources(settings_cls, init_settings, env_settings, dotenv_settings)
