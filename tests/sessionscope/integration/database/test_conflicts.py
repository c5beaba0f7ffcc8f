"""Broken constraints become conflicts with texts for clients."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from sessionscope import scope
from sessionscope.database.conflicts import Conflicts
from sessionscope.errors import ConflictError
from tests.sessionscope.service.containers import ApplicationContainer
from tests.sessionscope.service.models import Account, User

ANN = {"email": "ann@example.com", "username": "ann"}
CONFLICTS = Conflicts(unique="the name is taken", foreign_key="there is no such owner", check="the balance is negative")


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with scope():
        yield


def add(*instances: Any) -> Any:
    """Return a unit of work that inserts *instances*."""

    def work(session: Session) -> None:
        session.add_all(instances)

    return work


@pytest.mark.every_database
class TestConflicts:
    @pytest.mark.parametrize(
        ("instances", "text"),
        [
            ([User(**ANN), User(**ANN | {"username": "bob"})], "the name is taken"),
            ([Account(owner_id=9, balance=0)], "there is no such owner"),
            ([User(**ANN, id=1), Account(owner_id=1, balance=-1)], "the balance is negative"),
        ],
        ids=["unique", "foreign key", "check"],
    )
    def test_broken_constraint_has_the_text_of_its_kind(
        self, container: ApplicationContainer, instances: list[Any], text: str
    ) -> None:
        """The error of the database is its cause, and nothing is stored."""
        copies = [type(each)(**_values(each)) for each in instances]
        with pytest.raises(ConflictError, match=text) as raised, CONFLICTS:
            container.database.transactions().run(add(*copies))
        assert isinstance(raised.value.__cause__, DBAPIError)
        assert 0 == container.database.transactions().run(lambda session: session.query(User).count())

    def test_constraint_without_a_text_is_not_explained(self, container: ApplicationContainer) -> None:
        """The handler of the error says only that there is a conflict."""
        with pytest.raises(IntegrityError), Conflicts(foreign_key="there is no such owner"):
            container.database.transactions().run(add(User(**ANN), User(**ANN)))

    def test_missing_value_is_not_a_conflict(self, container: ApplicationContainer) -> None:
        """It is a fault of the service."""
        with pytest.raises(IntegrityError), CONFLICTS:
            container.database.transactions().run(add(User(email="ann@example.com")))


def test_other_errors_and_results_are_left_alone() -> None:
    """The block only concerns errors of constraints."""
    with pytest.raises(LookupError), CONFLICTS:
        raise LookupError
    with CONFLICTS:
        pass


def _values(instance: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(instance).items() if not name.startswith("_")}
