"""Insert made-up rows, which are the same every time."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any, Final

from sqlalchemy import Engine, func, insert, select

from app.models import Account, Post, User
from sessionscope.database.options import WRITES

BATCH: Final = 1000
# Rows depend on no clock, so that the same command makes the same rows.
DOMAINS: Final = ("example.com", "example.net", "example.org")


def seed_users(engine: Engine, count: int) -> Iterator[int]:
    """Insert the missing ones of the users ``seed1`` to ``seed<count>``, each with an account.

    Yields:
        The number of these users that exist, after each batch.
    """
    # A running service writes too, and on SQLite a transaction that reads before it locks would then fail.
    writer = engine.execution_options(**{WRITES: True})
    for start in range(1, count + 1, BATCH):
        numbers = range(start, min(start + BATCH, count + 1))
        names = {f"seed{number}": number for number in numbers}
        with writer.begin() as connection:
            there = set(connection.scalars(select(User.username_key).where(User.username_key.in_(names))))
            missing = [_user(number) for name, number in names.items() if name not in there]
            if missing:
                connection.execute(insert(User), missing)
                wanted = [row["username"] for row in missing]
                ids = connection.scalars(select(User.id).where(User.username.in_(wanted)).order_by(User.id))
                connection.execute(insert(Account), [{"owner_id": key, "balance": Decimal("100.00")} for key in ids])
        yield numbers[-1]


def seed_posts(engine: Engine, count: int) -> Iterator[int]:
    """Insert posts of made-up users until there are *count* of them. If there are no such users, insert nothing.

    Yields:
        The number of these posts that exist, at first and after each batch.
    """
    with engine.connect() as connection:
        # The reserved domains tell made-up users from a real user with a name such as seedling.
        made_up = select(User.id).where(User.email.like("seed%@example.%")).order_by(User.id)
        authors = list(connection.scalars(made_up))
        there = connection.scalar(select(func.count()).select_from(Post).where(Post.author_id.in_(made_up))) or 0
    yield there
    while authors and there < count:
        numbers = range(there + 1, min(there + BATCH, count) + 1)
        with engine.begin() as connection:
            connection.execute(insert(Post), [_post(number, authors) for number in numbers])
        there = numbers[-1]
        yield there


def _user(number: int) -> dict[str, Any]:
    random = Random(number)  # noqa: S311 - made-up rows, not secrets
    return {
        "email": f"seed{number}@{random.choice(DOMAINS)}",
        "username": f"seed{number}",
        "role": random.choices(("user", "editor", "admin"), weights=(90, 8, 2))[0],
        "is_active": random.random() < 0.9,  # noqa: PLR2004 - most are
    }


def _post(number: int, authors: list[int]) -> dict[str, Any]:
    random = Random(number)  # noqa: S311 - as above
    words = [random.choice(("session", "scope", "request", "engine", "commit")) for _ in range(40)]
    return {"title": f"Post {number}", "content": " ".join(words), "author_id": random.choice(authors)}
