"""Overrides any provider for one test."""

from contextlib import ExitStack
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from dependency_injector import providers

from sessionscope.lifetimes.errors import InjectionError
from sessionscope.lifetimes.names import named_providers
from sessionscope.lifetimes.paths import Reference, path_in
from sessionscope.testing.fitting import check_fake

F = TypeVar("F")

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
        self._container = container
        self._providers = dict(named_providers(container))
        self._databases = databases
        self._mode = mode
        self._undo = undo

    def __call__(self, provider: str | providers.Provider[Any], replacement: F, *, partial: bool = False) -> F:
        """Make *provider* return *replacement* until the test ends, and return *replacement*.

        If the provider is given itself, *replacement* has to fit the class that it makes: each public method is
        there, takes the same arguments, and is async or not as the original. Mocks and values of built-in types,
        such as None, are not checked.

        Args:
            provider: A provider of the container's class or of the test's container, such as
                ``ApplicationContainer.users``, or its dotted name, such as ``users`` or ``database.session``.
            replacement: An object, or a provider.
            partial: Whether a fake may lack methods, which the test doesn't use.

        Raises:
            LookupError: The container has no such provider.
            UnfitFakeError: The fake does not fit the class that the provider makes.
            ValueError: The override has no effect, because the test's database is in place already.
            LateOverrideError: The override has no effect, because an object was built from the provider already.
        """
        name = self._name(provider)
        if not isinstance(provider, str):
            check_fake(name, provider, replacement, partial=partial)
        sources = [f"{database}.{source}" for database in self._databases for source in _SOURCES]
        if self._mode != "none" and name in sources:
            raise _too_late(name)
        settings = self._settings()
        override: Any = self._providers[name].override(replacement)
        if self._mode != "none" and self._settings() != settings:
            with override:
                raise _too_late(name)
        self._undo.enter_context(override)
        return replacement

    def _settings(self) -> list[Any]:
        return [database.settings() for database in self._databases.values()]

    def _name(self, provider: str | providers.Provider[Any]) -> str:
        """Return the dotted name of *provider* in the test's container."""
        if not isinstance(provider, str):
            reference = Reference.to(provider)
            if reference.steps:
                raise LookupError(f"{provider} is not a provider of the container: override the one it is taken from")
            try:
                return ".".join(path_in(self._container, reference))
            except InjectionError as error:
                raise LookupError(str(error)) from None
        if provider not in self._providers:
            raise LookupError(f"the container has no provider {provider!r}: {self._hint(provider)}")
        return provider

    def _hint(self, name: str) -> str:
        close = get_close_matches(name, self._providers, n=1)
        return f"did you mean {close[0]!r}?" if close else f"its providers are {', '.join(sorted(self._providers))}"


def _too_late(name: str) -> ValueError:
    return ValueError(
        f"overriding {name} has no effect: the test's database is in place already. "
        "Mark the test with isolation('none') and give it a database of its own"
    )
