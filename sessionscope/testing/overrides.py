"""Overrides any provider for one test."""

from contextlib import ExitStack
from difflib import get_close_matches
from typing import Any, Final

from sessionscope.lifetimes.names import named_providers

# The providers that determine the database. The test's database has replaced all of them.
_SOURCES: Final = ("settings", "location", "engine", "async_engine")


class Override:
    """Overrides providers of one container until the test ends. Then the overrides are undone, the last one first.

    Args:
        container: The test's container.
        databases: Its databases, by dotted name.
        mode: The test's isolation mode.
        undo: Closed when the test ends.
    """

    def __init__(self, container: Any, databases: dict[str, Any], mode: str, undo: ExitStack) -> None:
        self._providers = dict(named_providers(container))
        self._databases = databases
        self._mode = mode
        self._undo = undo

    def __call__(self, provider: Any, replacement: Any) -> None:
        """Make *provider* return *replacement*.

        Args:
            provider: A provider of the test's container, or its dotted name, such as ``users`` or
                ``database.session``.
            replacement: An object, or a provider.

        Raises:
            LookupError: The container has no such provider.
            ValueError: The override has no effect, because the test's database is in place already.
            LateOverrideError: The override has no effect, because an object was built from the provider already.
        """
        name = provider if isinstance(provider, str) else self._name(provider)
        if name not in self._providers:
            raise LookupError(f"the container has no provider {name!r}: {self._hint(name)}")
        sources = [f"{database}.{source}" for database in self._databases for source in _SOURCES]
        if self._mode != "none" and name in sources:
            raise _too_late(name)
        settings = self._settings()
        override: Any = self._providers[name].override(replacement)
        if self._mode != "none" and self._settings() != settings:
            with override:
                raise _too_late(name)
        self._undo.enter_context(override)

    def _settings(self) -> list[Any]:
        return [database.settings() for database in self._databases.values()]

    def _hint(self, name: str) -> str:
        close = get_close_matches(name, self._providers, n=1)
        return f"did you mean {close[0]!r}?" if close else f"its providers are {', '.join(sorted(self._providers))}"

    def _name(self, provider: Any) -> str:
        return next((name for name, known in self._providers.items() if known is provider), str(provider))


def _too_late(name: str) -> ValueError:
    return ValueError(
        f"overriding {name} has no effect: the test's database is in place already. "
        "Mark the test with isolation('none') and give it a database of its own"
    )
