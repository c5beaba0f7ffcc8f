"""Lists settings with their values and sources, for people. Secrets are masked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sessionscope.settings.service import ServiceSettings

_MASK: Final = "***"
# A service should use pydantic's `SecretStr`. If it doesn't, the name of the setting tells.
_SECRETS: Final = ("password", "secret", "token", "_key")


class ListedSetting(NamedTuple):
    """A setting.

    Attributes:
        name: Dotted path, such as ``database.url``.
        value: The value as text, masked if it is secret.
        source: Where the value came from: a variable, a file, or ``default``.
    """

    name: str
    value: str
    source: str


def list_settings(settings: "ServiceSettings") -> Iterator[ListedSetting]:
    """Yield each setting, in the order of the classes."""
    for name, value in _flat(settings):
        yield ListedSetting(name, value, settings.origin(name))


def _flat(model: "BaseModel", prefix: str = "") -> Iterator[tuple[str, str]]:
    for name in type(model).model_fields:
        value: Any = getattr(model, name)
        if hasattr(value, "model_dump"):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, str) and value and any(part in f"_{name}" for part in _SECRETS):
            yield prefix + name, _MASK
        else:
            yield prefix + name, str(value)
