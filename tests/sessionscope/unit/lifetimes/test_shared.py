"""Process-wide objects are built once, and an override either matters or is refused."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dependency_injector import containers, providers

from sessionscope import LateOverrideError, Setting, Shared, close_container
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.service.settings import Settings

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class Thing:
    """A thing that knows whether it was disposed of."""

    def __init__(self, source: object = None) -> None:
        self.source = source
        self.disposed = 0

    def dispose(self) -> None:
        """Count the disposals."""
        self.disposed += 1


class TestShared:
    def test_concurrent_threads_share_one_object(self) -> None:
        """Twenty threads make the first call at the same time: one object is built, and all get it."""
        barrier = threading.Barrier(20)
        built: list[Thing] = []

        def build() -> Thing:
            # Long enough for all the others to ask meanwhile.
            time.sleep(0.05)
            built.append(Thing())
            return built[-1]

        thing = Shared(build)

        def ask(_: int) -> Thing:
            barrier.wait(10)
            return thing()

        with ThreadPoolExecutor(20) as pool:
            given = list(pool.map(ask, range(20)))
        assert 1 == len(built)
        assert built * 20 == given

    def test_close_disposes_and_forgets(self) -> None:
        """A closed object is disposed of once; the next call builds another."""
        thing = Shared(Thing)
        first = thing()
        thing.close()
        thing.close()
        assert first.disposed == 1
        assert thing() is not first

    def test_reset_forgets_only(self) -> None:
        """dependency-injector's own reset leaves the object open for those that have it."""
        thing = Shared(Thing)
        first = thing()
        thing.reset()
        assert thing.built is None
        assert first.disposed == 0


class TestLateOverrides:
    def test_before_the_first_use_an_override_is_fine(self) -> None:
        """What is built afterwards is built from the override."""
        setting = Setting[str](instance_of=str, default="a")
        thing = Shared(Thing, setting)
        setting.override("b")
        assert thing().source == "b"

    def test_afterwards_it_is_refused_with_the_remedy(self) -> None:
        """An override that could change nothing any more names what was built, and says what to do."""
        setting = Setting[str](instance_of=str, default="a")
        thing = Shared(Thing, setting)
        thing()
        with pytest.raises(LateOverrideError, match=r"Thing.*already built.*close_container"):
            setting.override("b")
        assert thing().source == "a"

    def test_after_a_close_it_is_fine_again(self) -> None:
        """After a close, the object is built again, from the override."""
        setting = Setting[str](instance_of=str, default="a")
        thing = Shared(Thing, setting)
        thing()
        thing.close()
        setting.override("b")
        assert thing().source == "b"

    @pytest.mark.isolation("none")
    def test_late_override_is_seen_through_other_providers(self, container: ApplicationContainer) -> None:
        """The settings of the application feed the engine of the database inside it."""
        container.database.engine()
        with pytest.raises(
            LateOverrideError, match=r"^settings can't.* database\.engine, database\.location were already"
        ):
            container.settings.override(Settings())

    def test_end_of_an_override_closes_its_objects(self) -> None:
        """What was built from an override does not outlive it."""
        setting = Setting[str](instance_of=str, default="a")
        thing = Shared(Thing, setting)
        with setting.override("b"):
            of_override = thing()
        assert of_override.disposed == 1
        assert thing().source == "a"

    def test_an_override_of_many_values_ends_with_reset(self) -> None:
        """`reset_override` ends all of them the same way."""
        setting = Setting[str](instance_of=str, default="a")
        thing = Shared(Thing, setting)
        setting.override("b")
        of_override = thing()
        setting.reset_override()
        assert of_override.disposed == 1


class TestOverridesOfShared:
    @pytest.mark.parametrize("kind", [Shared, providers.Factory, providers.Callable, providers.Singleton])
    def test_a_recipe_runs_once_and_is_disposed(self, kind: Any) -> None:
        """A recipe that overrides makes one object, which ends with the override."""
        thing = Shared(Thing, "original")
        with thing.override(kind(Thing, "fake")):
            fake = thing()
            assert thing() is fake
        assert fake.disposed == 1
        assert thing().source == "original"

    def test_a_given_object_is_its_owners(self) -> None:
        """An object that the override did not make is not disposed of."""
        thing = Shared(Thing)
        mine = Thing()
        with thing.override(mine):
            assert thing() is mine
        assert mine.disposed == 0


class TestCloseContainer:
    async def test_what_depends_on_another_is_closed_first(self) -> None:
        """The order in the container doesn't matter."""
        closed: list[str] = []

        class Closing:
            def __init__(self, name: str, _source: object = None) -> None:
                self.name = name

            def dispose(self) -> None:
                closed.append(self.name)

        class Container(containers.DeclarativeContainer):
            a_top = Shared(Closing, "top")
            base = Shared(Closing, "base")
            middle = Shared(Closing, "middle", providers.Factory(Thing, base))
            z_top = Shared(Closing, "top", middle)
            a_top.add_args(middle)

        container = Container()
        container.a_top()
        container.z_top()
        await close_container(container)
        assert ["top", "top", "middle", "base"] == closed

    async def test_close_container_closes_overridden_objects(self) -> None:
        """An object that was built before the override is disposed of too."""
        thing = Shared(Thing)
        first = thing()
        thing.override(Thing())
        thing.close()
        assert first.disposed == 1

    def test_a_forgotten_container_takes_its_private_database_along(self) -> None:
        """Nothing of a private database outlives its container."""
        container = DatabaseContainer(settings=MEMORY)
        location = container.location()
        directory = location.url.database
        del container, location
        gc.collect()
        assert directory is not None
        with pytest.raises(FileNotFoundError):
            open(directory).close()  # noqa: PTH123
