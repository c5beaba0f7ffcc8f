"""The audit finds each kind of fault; otherwise the resilience tests would pass whatever happens."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from resilience.audit import DOUBLED, LOST, audit, count
from resilience.database import Moved, State, digest
from resilience.orders import ACCOUNTS, BALANCE, Answer, Order, Verdict


def order(cents: int, *verdicts: Verdict, made: int | None = None) -> Order:
    """Return an order from account 1 to account 2 that had these answers."""
    answers = [Answer(each, str(each), made if each is Verdict.DONE else None, 0, 0) for each in verdicts]
    return Order(1, 2, Decimal(cents).scaleb(-2), key=f"key {cents}", answers=answers)


def state(*made: tuple[int, int], answers: dict[str, dict[str, Any] | None] | None = None) -> State:
    """Return a database with the transfers *made* (id, cents), and the balances that follow from them."""
    transfers = [Moved(number, 1, 2, Decimal(cents).scaleb(-2)) for number, cents in made]
    balances = dict.fromkeys(range(1, ACCOUNTS + 1), BALANCE)
    total = sum((moved.amount for moved in transfers), Decimal(0))
    balances |= {1: BALANCE - total, 2: BALANCE + total}
    return State(balances, transfers, answers or {})


def kept(cents: int, answer: dict[str, Any] | None) -> dict[str, dict[str, Any] | None]:
    """Return the answer that the service stores for an order."""
    return {digest(f"key {cents}"): answer}


DONE = order(5, Verdict.UNKNOWN, Verdict.DONE, made=7)
REFUSED = order(6, Verdict.REFUSED)


class TestTheAudit:
    def test_audit_passes_a_correct_database(self) -> None:
        """Acknowledged transfers are there once, refused ones are not, and the keys agree."""
        answers = kept(5, {"made": 7}) | kept(6, {"conflict": "too much"})
        assert [] == audit([DONE, REFUSED], state((7, 5), answers=answers))

    def test_audit_finds_a_lost_transfer(self) -> None:
        """A lost transfer was acknowledged and is not there."""
        assert 1 == count(audit([DONE], state(answers=kept(5, {"made": 7}))), LOST)

    def test_audit_finds_a_doubled_transfer(self) -> None:
        """A doubled transfer is there twice."""
        assert 1 == count(audit([DONE], state((7, 5), (8, 5), answers=kept(5, {"made": 7}))), DOUBLED)

    def test_audit_finds_two_answers_to_one_key(self) -> None:
        """The same key got two different transfers as its answer."""
        twice = order(5, Verdict.DONE, made=7)
        twice.answers.append(twice.answers[0]._replace(transfer_id=8))
        assert 1 == count(audit([twice], state((7, 5), answers=kept(5, {"made": 7}))), DOUBLED)

    @pytest.mark.parametrize(
        ("orders", "found"),
        [
            ([REFUSED], state((7, 6))),
            ([replace(order(6, Verdict.NOT_DONE), given_up=True)], state((7, 6), answers=kept(6, {"made": 7}))),
            ([order(6, Verdict.UNKNOWN)], state()),
            ([], state((7, 5))),
            ([], state(answers=kept(5, {"made": 7}))),
            ([REFUSED], state(answers=kept(6, None))),
            ([DONE], state((7, 5))),
            ([DONE], state((7, 5), answers=kept(5, {"made": 8}))),
            ([], state()._replace(balances=dict.fromkeys(range(1, ACCOUNTS), BALANCE))),
        ],
        ids=[
            "a refused transfer is there",
            "a transfer that was not done is there",
            "an order has no answer",
            "a transfer that no client asked for",
            "a key that no client used",
            "a key without an answer",
            "a key that is missing",
            "a key with another answer",
            "a missing account",
        ],
    )
    def test_audit_finds_other_faults(self, orders: list[Order], found: State) -> None:
        """Each of these faults is found by itself."""
        assert audit(orders, found)

    def test_audit_finds_money_from_nowhere(self) -> None:
        """The balance is not what its transfers add up to, and the sum has changed."""
        rich = state()
        rich.balances[3] += 1
        assert 2 == len(audit([], rich))
