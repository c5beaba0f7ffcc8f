"""Compares the database with what the clients were told. Each line that it yields describes one fault."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from resilience.database import Moved, State, digest
from resilience.orders import ACCOUNTS, BALANCE, SUM, Order, Verdict

LOST, DOUBLED = "lost", "doubled"


def audit(orders: Iterable[Order], state: State) -> list[str]:
    """Return the faults, each as a line that begins with the kind of fault; an empty list if there are none."""
    orders = list(orders)
    found = _found(state.transfers)
    return [
        *(fault for order in orders for fault in _order(order, found[order.payer, order.payee, order.amount])),
        *_strangers(orders, state),
        *_keys(orders, state),
        *_balances(state),
    ]


def count(faults: Iterable[str], kind: str) -> int:
    """Return how many *faults* are of this *kind*."""
    return Counter(fault.partition(":")[0] for fault in faults)[kind]


def _found(transfers: list[Moved]) -> defaultdict[tuple[int, int, Decimal], list[int]]:
    found: defaultdict[tuple[int, int, Decimal], list[int]] = defaultdict(list)
    for moved in transfers:
        found[moved.payer, moved.payee, moved.amount].append(moved.id)
    return found


def _order(order: Order, made: list[int]) -> Iterator[str]:
    name = f"{order.amount} from {order.payer} to {order.payee}, {[answer.detail for answer in order.answers]}"
    told = order.transfer_ids
    if not order.is_settled:
        yield f"unsettled: {name}"
    if len(made) > 1 or len(told) > 1:
        yield f"{DOUBLED}: {name}: told {told}, there are {made}"
    if not told <= set(made):
        yield f"{LOST}: {name}: told {told}, there are {made}"
    if told and order.had(Verdict.REFUSED):
        yield f"both done and refused: {name}"
    if made and not told:
        yield f"done, though refused or told not to be: {name}: there are {made}"


def _strangers(orders: list[Order], state: State) -> Iterator[str]:
    asked = {(order.payer, order.payee, order.amount) for order in orders}
    for moved in state.transfers:
        if (moved.payer, moved.payee, moved.amount) not in asked:
            yield f"nobody asked for: {moved}"


def _keys(orders: list[Order], state: State) -> Iterator[str]:
    owners = {digest(order.key): order for order in orders if not order.borrowed}
    for key, answer in state.answers.items():
        if key not in owners:
            yield f"a key that no client used: {key}"
        elif answer is None:
            yield f"a key without an answer: {owners[key].amount}"
    for key, order in owners.items():
        told = {state.answers[key].get("made")} if state.answers.get(key) else {None}  # type: ignore[union-attr]
        if told != (order.transfer_ids or {None}):
            yield f"another answer is kept: {order.amount}: told {order.transfer_ids}, kept {told}"


def _balances(state: State) -> Iterator[str]:
    right = dict.fromkeys(range(1, ACCOUNTS + 1), BALANCE)
    for moved in state.transfers:
        right[moved.payer] -= moved.amount
        right[moved.payee] += moved.amount
    for account in right.keys() | state.balances.keys():
        if right.get(account) != state.balances.get(account):
            yield f"balance of {account}: {state.balances.get(account)}, not {right.get(account)}"
    if sum(state.balances.values()) != SUM:
        yield f"sum: {sum(state.balances.values())}, not {SUM}"
