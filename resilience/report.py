"""The figures of the runs, as lines for the terminal and tables for docs/resilience.md."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.machine import describe
from resilience.audit import DOUBLED, LOST, count
from resilience.bank import Ran
from resilience.failover import FailedOver
from resilience.network import Cut
from resilience.orders import Order, Verdict

PAGE: Final = Path(__file__).parents[1] / "docs" / "resilience.md"
_PACKAGES: Final = ("uvicorn", "sqlalchemy", "asyncpg", "psycopg", "aiomysql", "asyncmy", "aiosqlite")


def figures(ran: Ran) -> dict[str, str]:
    """Return the figures of one run of the bank, by name."""
    orders = list(ran.orders)
    return {
        "database": f"{ran.place} ({ran.version})",
        **_of_orders(orders),
        "run again in the service": listed(ran.runs_again),
        "exact reads of the sum": f"{ran.sums.exact} of {ran.sums.exact + len(ran.sums.wrong)}",
        "broken": listed(ran.broken),
        **verdict(ran.faults),
    }


def of_failover(ran: FailedOver) -> dict[str, str]:
    """Return the figures of one failover, by name."""
    return {
        "driver": ran.driver,
        "PostgreSQL": ran.version,
        "promotion to first new transfer": f"{ran.seconds_to_first:.1f} s",
        "primary killed to first new transfer": f"{ran.seconds_of_silence:.1f} s",
        "acknowledged by the first primary": str(len(ran.before())),
        **_of_orders(list(ran.orders)),
        "exact reads of the sum": f"{ran.sums.exact} of {ran.sums.exact + len(ran.sums.wrong)}",
        **verdict(ran.faults),
    }


def of_network(ran: Cut) -> dict[str, str]:
    """Return the figures of one cut of the network, by name."""
    median, longest = ran.seconds_of_new
    return {
        "cut": ran.ground,
        "server": ran.version,
        "in flight at the cut": str(len(ran.in_flight)),
        "the last of them answered after": f"{ran.seconds_to_last_in_flight:.1f} s",
        "sent during the cut": str(len(ran.new)),
        "answered within (median, longest)": f"{median:.1f} s, {longest:.1f} s",
        "readiness answered within": f"{max(each.seconds for each in ran.probes):.1f} s",
        "healing to first good response": f"{ran.seconds_to_first_good:.1f} s",
        "healing to last 5xx": f"{ran.seconds_to_last_bad:.1f} s",
        "responses": listed(ran.outcomes),
        "transfers of the cut, first try": listed(ran.first_answers()),
        **_of_orders(list(ran.orders)),
        "exact reads of the sum": f"{ran.sums.exact} of {ran.sums.exact + len(ran.sums.wrong)}",
        **verdict(ran.faults),
    }


def _of_orders(orders: list[Order]) -> dict[str, str]:
    answers = sum(len(order.answers) for order in orders)
    return {
        "transfers asked for": str(len(orders)),
        "acknowledged": str(sum(order.had(Verdict.DONE) for order in orders)),
        "refused": str(sum(order.had(Verdict.REFUSED) for order in orders)),
        "surely not done, left so": str(sum(order.given_up for order in orders)),
        "unknown, then settled": str(sum(order.had(Verdict.UNKNOWN) and order.is_settled for order in orders)),
        "asked again": str(answers - len(orders)),
    }


def verdict(faults: list[str]) -> dict[str, str]:
    """Return the figures at the end of every table."""
    lost, doubled = count(faults, LOST), count(faults, DOUBLED)
    return {"lost": str(lost), "doubled": str(doubled), "wrong in another way": str(len(faults) - lost - doubled)}


def unclear_answers(orders: Iterable[Order]) -> str:
    """Return the answers that left the outcome of an order open, with their counts."""
    told = (answer for order in orders for answer in order.answers)
    unclear = (Verdict.UNKNOWN, Verdict.NOT_DONE, Verdict.UNSENT)
    return listed(Counter(answer.detail[:200] for answer in told if answer.verdict in unclear), "; ")


def table(rows: list[dict[str, str]]) -> str:
    """Return *rows*, which have the same names, as a table with a column for each of them."""
    first, *others = rows[0]
    lines = [[first, *(row[first] for row in rows)], ["---"] * (len(rows) + 1)]
    lines += [[name, *(row[name] for row in rows)] for name in others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(section: str, text: str) -> None:
    """Write *text* between the markers of a section of the page, with the day and the machine."""
    begin, end = f"<!-- {section}: written by `make {section}` -->", f"<!-- end of {section} -->"
    before, _, rest = PAGE.read_text().partition(begin)
    after = rest.partition(end)[2]
    where = f"{datetime.now(UTC):%Y-%m-%d}, {describe(*_PACKAGES)}."
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{where}\n\n{end}{after}")


def listed(counts: Counter[str], separator: str = "<br>") -> str:
    """Return *counts* as text, the most frequent first."""
    return separator.join(f"{number} {name}" for name, number in counts.most_common() if number) or "none"
