"""Overriding a provider by a fake, which has to fit."""

# ruff: noqa: D102, D103 - the signatures are what matters
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest
from dependency_injector import containers, providers

from sessionscope import Shared, nested
from sessionscope.testing.fitting import UnfitFakeError
from sessionscope.testing.overrides import Override


class Store:
    """Whose place the fakes take."""

    @property
    def size(self) -> int:
        return 0

    @staticmethod
    def default() -> str:
        return ""

    @classmethod
    def empty(cls) -> "Store":
        return cls()

    async def get(self, key: int, *, fresh: bool = False) -> str:
        return f"{key} {fresh}"

    def put(self, key: int, value: str = "") -> None:
        """Keep a value."""

    def soon(self) -> Awaitable[str]:
        return self.get(1)

    def close(self) -> None:
        """Need not be there in a fake."""

    def _private(self) -> None: ...


class Base:
    """What all the fakes have in common."""

    size = 3

    def default(self) -> str:
        return "fake"

    def empty(self) -> "Base":
        return self

    async def get(self, key: int, *, fresh: bool = False) -> str:
        return f"fake {key} {fresh}"

    def put(self, key: int, value: str = "") -> None:
        """Forget the value."""

    async def soon(self) -> str:
        return "fake"


class Inner(containers.DeclarativeContainer):
    store = providers.Factory(Store)


def make_store() -> Store:
    return Store()


async def open_store() -> AsyncIterator[Store]:
    yield Store()


def make_anything() -> Any:
    return object()


class Container(containers.DeclarativeContainer):
    store = providers.Factory(Store)
    shared = Shared(make_store)
    opened = Shared[Store](open_store)
    anything = providers.Factory(make_anything)
    inner = nested(Inner)


@pytest.fixture(name="container")
def _container() -> Container:
    return Container()


@pytest.fixture(name="override")
def _override(container: Container) -> Iterator[Override]:
    with ExitStack() as undo:
        yield Override(container, {}, "none", undo)


def fake_with(**methods: Any) -> Any:
    """Return a fake with other methods than `Base`; None removes one."""
    members = {name: value for name, value in vars(Base).items() if not name.startswith("__")} | methods
    return type("Fake", (), {name: value for name, value in members.items() if value is not None})()


async def get_without_fresh(_self: Any, key: int) -> str:
    return str(key)


async def get_by_name(_self: Any, name: int, *, fresh: bool = False) -> str:
    return f"{name} {fresh}"


async def get_with_more(_self: Any, key: int, more: int, *, fresh: bool = False) -> str:
    return f"{key} {more} {fresh}"


async def get_anything(_self: Any, *_: Any, **__: Any) -> str:
    return ""


async def get_unused(_self: Any, _: int, *, fresh: bool = False) -> str:
    return str(fresh)


def get_plainly(_self: Any, key: int, *, fresh: bool = False) -> str:
    return f"{key} {fresh}"


def get_awaitable(_self: Any, key: int, *, fresh: bool = False) -> Awaitable[str]:
    return Base().get(key, fresh=fresh)


def put_required(_self: Any, key: int, value: str) -> None:
    """Take no default."""


async def put_async(_self: Any, key: int, value: str = "") -> None:
    """Keep a value later."""


class TestProvider:
    def test_provider_of_the_class_is_overridden_in_the_test_s_container(
        self, container: Container, override: Override
    ) -> None:
        """A test names the provider as an endpoint does. The class itself is left alone."""
        fake: Any = override(Container.store, Base())
        assert fake is container.store()
        assert isinstance(Container.store(), Store)

    def test_provider_of_a_nested_container_is_found(self, container: Container, override: Override) -> None:
        """By the class, and by the instance."""
        for provider in (Container.inner.store, container.inner.store):
            fake: Any = override(provider, Base())
            assert fake is container.inner.store()

    def test_overrides_end_with_the_test(self, container: Container) -> None:
        """The last one first."""
        with ExitStack() as undo:
            override = Override(container, {}, "none", undo)
            override(Container.store, Base())
            override("store", Base())
        assert isinstance(container.store(), Store)

    def test_provider_of_another_container_is_refused(self, override: Override) -> None:
        """The error says which providers there are."""

        class Other(containers.DeclarativeContainer):
            elsewhere = providers.Factory(Store)

        with pytest.raises(LookupError, match=r"Container has no provider .*: it has anything, inner"):
            override(Other.elsewhere, Base())

    def test_part_of_a_provider_is_refused(self, override: Override) -> None:
        """Overriding the whole provider would replace more than the test says."""
        with pytest.raises(LookupError, match="override the one it is taken from"):
            override(Container.store.provided.size, 1)


class TestFit:
    @pytest.mark.parametrize("fake", [Base(), Store(), fake_with()], ids=lambda fake: type(fake).__name__)
    @pytest.mark.parametrize("name", ["store", "shared", "opened"])
    def test_fitting_fake_is_taken(self, container: Container, override: Override, name: str, fake: Any) -> None:
        """It need not be a subclass. The class is that of the recipe, or of what the recipe returns or yields."""
        provider = getattr(Container, name)
        assert override(provider, fake) is getattr(container, name)()

    @pytest.mark.parametrize(
        ("methods", "finding"),
        [
            ({"get": None, "put": None}, "it lacks get, put: add what is missing, or pass `partial=True`"),
            ({"size": None}, "it lacks size"),
            ({"get": get_without_fresh}, "get(key) can't be called as get(key, *, fresh=False): got an unexpected"),
            ({"get": get_by_name}, "get(name, *, fresh=False) can't be called as get(key, *, fresh=False): missing a"),
            ({"get": get_with_more}, "missing a required argument: 'more'"),
            ({"get": get_plainly}, "get has to be async"),
            ({"put": put_required}, "put(key, value) can't be called as put(key, value=''): missing a required"),
            ({"put": put_async}, "put has to be a plain function"),
            ({"put": 7}, "put has to be a method"),
        ],
        ids=["methods", "property", "keyword", "name", "more", "sync", "default", "async", "number"],
    )
    def test_misfit_is_named(self, override: Override, methods: dict[str, Any], finding: str) -> None:
        """The error says which method, and how it differs."""
        with pytest.raises(UnfitFakeError, match=re.escape(finding)) as raised:
            override(Container.store, fake_with(**methods))
        assert str(raised.value).startswith("Fake can't replace store, which makes Store:\n- ")
        assert 1 == len(raised.value.findings)

    def test_every_misfit_is_listed(self, override: Override) -> None:
        """One run shows all of them."""
        fake = fake_with(get=get_plainly, put=put_async, soon=None)
        with pytest.raises(UnfitFakeError) as raised:
            override(Container.store, fake)
        assert 3 == len(raised.value.findings)

    @pytest.mark.parametrize(
        "get",
        [get_anything, get_unused, get_awaitable, AsyncMock(), Mock()],
        ids=["anything", "unused", "awaitable", "AsyncMock", "Mock"],
    )
    def test_method_may_ignore_arguments_and_be_a_mock(self, override: Override, get: Callable[..., Any]) -> None:
        """A parameter that is not used may have a name such as ``_``."""
        override(Container.store, fake_with(get=get))

    def test_provider_of_a_fake_is_checked(self, container: Container, override: Override) -> None:
        """Its class is what counts."""
        override(Container.store, providers.Factory(Base))
        assert isinstance(container.store(), Base)
        with pytest.raises(UnfitFakeError, match="Container can't replace store"):
            override(Container.store, providers.Factory(Container))

    def test_nothing_is_checked_where_the_class_is_not_known(self, override: Override) -> None:
        """Nor can it be."""
        override(Container.anything, Base())
        override(Container.store, providers.Factory(make_anything))


class TestWaysOut:
    def test_partial_fake_may_lack_methods(self, override: Override) -> None:
        """Those that it has must fit."""
        override(Container.store, fake_with(put=None, size=None), partial=True)
        with pytest.raises(UnfitFakeError, match="get has to be async"):
            override(Container.store, fake_with(put=None, get=get_plainly), partial=True)

    @pytest.mark.parametrize("value", [None, object(), "nothing"], ids=["None", "object", "text"])
    def test_value_of_a_built_in_type_stands_for_something_unused(
        self, container: Container, override: Override, value: object
    ) -> None:
        """A test that reaches it fails by itself."""
        assert override(Container.store, value) is container.store()

    @pytest.mark.parametrize(
        "mock",
        [Mock(), MagicMock(), AsyncMock(), create_autospec(Store, instance=True)],
        ids=["Mock", "MagicMock", "AsyncMock", "create_autospec"],
    )
    def test_mock_is_taken(self, container: Container, override: Override, mock: Any) -> None:
        """A mock has a specification of its own."""
        assert override(Container.store, mock) is container.store()

    def test_object_that_makes_up_its_attributes_lacks_none(self, override: Override) -> None:
        """It may pass everything on."""

        class Proxy:
            def __getattr__(self, name: str) -> Any:
                return getattr(Base(), name)

        override(Container.store, Proxy())

    def test_fake_is_not_checked_by_name(self, container: Container, override: Override) -> None:
        """The name is for fakes that are meant to differ."""
        fake = fake_with(get=get_plainly, put=None)
        assert override("store", fake) is container.store()
