"""Errors call a provider what its container calls it."""

from typing import Any

import pytest
from dependency_injector import containers, providers
from sqlalchemy.orm import sessionmaker

from sessionscope import (
    ContainerError,
    LateOverrideError,
    ScopedResource,
    ScopeError,
    Setting,
    Shared,
    check_container,
    nested,
    scope,
)
from sessionscope.settings import DatabaseSettings
from tests.sessionscope.service.containers import ApplicationContainer, DatabaseContainer
from tests.sessionscope.service.settings import Settings
from tests.sessionscope.unit.lifetimes.probes import Probe

MEMORY = DatabaseSettings(url="sqlite:///:memory:")


class Middle(containers.DeclarativeContainer):
    """A container between two others."""

    database = nested(DatabaseContainer, settings=MEMORY)


class Outer(containers.DeclarativeContainer):
    """A container with two of a kind, one of them by the library's own provider, and one further inside."""

    one = nested(DatabaseContainer, settings=MEMORY)
    two = providers.Container(DatabaseContainer, settings=MEMORY)
    middle = nested(Middle)
    probe = ScopedResource[Probe](Probe)


class Heir(Outer):
    """A container that inherits."""

    own = ScopedResource[Probe](Probe)


def refusal(provider: object) -> str:
    """Return the first word of the error that asking outside of a scope raises."""
    assert callable(provider)
    with pytest.raises(ScopeError) as caught:
        provider()
    return str(caught.value).partition(" makes one object per scope")[0]


class TestScopeError:
    def test_scope_error_has_the_dotted_name(self) -> None:
        """A nested container's name comes first."""
        assert "database.session" == refusal(ApplicationContainer(settings=Settings(database=MEMORY)).database.session)

    def test_scope_error_tells_containers_of_a_class_apart(self) -> None:
        """Each has its own name, at any depth."""
        outer = Outer()
        assert "one.session" == refusal(outer.one.session)
        assert "middle.database.async_session" == refusal(outer.middle.database.async_session)
        assert "probe" == refusal(outer.probe)

    def test_an_heir_keeps_the_names(self) -> None:
        """An inherited provider has its name in the parent."""
        heir = Heir()
        assert ["one.session", "probe", "own"] == [refusal(each) for each in (heir.one.session, heir.probe, heir.own)]

    def test_providers_of_a_class_have_names(self) -> None:
        """A provider may be asked without an instance of its container."""
        assert "session" == refusal(DatabaseContainer.session)
        assert "one.session" == refusal(Outer.one.session)

    def test_a_container_by_itself_needs_no_prefix(self) -> None:
        """The name is the attribute's."""
        assert "session" == refusal(DatabaseContainer(settings=MEMORY).session)

    def test_the_check_tells_what_the_librarys_own_nesting_does_not(self) -> None:
        """Inside of `providers.Container` there is the attribute's name, and after the check the whole one."""
        outer = Outer()
        assert "session" == refusal(outer.two.session)
        check_container(outer)
        assert "two.session" == refusal(outer.two.session)

    def test_without_a_container_it_is_what_the_provider_makes(self) -> None:
        """Only the recipe's name is known."""
        assert "Probe" in refusal(ScopedResource[Probe](Probe))

    def test_an_override_goes_by_the_same_name(self) -> None:
        """A recipe in the place of a session has no name of its own."""
        container = DatabaseContainer(settings=MEMORY)
        container.session.override(providers.Factory(Probe))
        assert "session" == refusal(container.session)

    def test_after_the_end_of_a_scope(self) -> None:
        """The same name is in the other error of a scope."""
        outer = Outer()
        with scope() as ended:
            pass
        with pytest.raises(ScopeError, match=r"^the scope has ended, one\.session can't"):
            ended.get(outer.one.session, (), {})


class TestLateOverrideError:
    def test_both_sides_have_their_names(self) -> None:
        """What is overridden, and what was built from it."""
        container = ApplicationContainer(settings=Settings(database=MEMORY))
        container.database.location()
        with pytest.raises(LateOverrideError) as caught:
            container.settings.override(Settings())
        assert ("settings", ["database.location"]) == (caught.value.overridden, caught.value.dependants)

    def test_late_override_error_names_nested_settings(self) -> None:
        """So does what the scope holds."""
        container = ApplicationContainer(settings=Settings(database=MEMORY))
        with scope():
            container.database.session()
            with pytest.raises(LateOverrideError, match=r"^database\.session_factory can't.* database\.session was"):
                container.database.session_factory.override(sessionmaker())
        container.database.engine().dispose()

    def test_without_a_container_they_are_what_they_make(self) -> None:
        """Nothing else is known of them."""
        setting = Setting[str](instance_of=str, default="a")
        probe = Shared(Probe, setting)
        probe()
        with pytest.raises(LateOverrideError, match="Probe"):
            setting.override("b")


def test_a_finding_names_the_captive_session() -> None:
    """The check says which session would be kept."""

    class Container(containers.DeclarativeContainer):
        database = nested(DatabaseContainer, settings=MEMORY)
        kept = providers.Singleton[Any](dict, session=database.session)

    with pytest.raises(ContainerError, match=r"takes database\.session, which lives as long as a scope"):
        check_container(Container())
