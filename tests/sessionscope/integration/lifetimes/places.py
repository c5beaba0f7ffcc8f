"""Two databases that can be told apart, and the ways that lead to them."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx2
from sqlalchemy import select

from app.accounts.schemas import AccountIn
from app.models import User
from app.users.schemas import UserIn
from config import DatabaseSettings, Settings
from containers import ApplicationContainer, scope
from sessionscope.reading.schemas import PageQuery
from sessionscope.testing.template import Template

SEED: Final = """
    INSERT INTO users (id, email, username, is_active, role, created_at, updated_at)
    VALUES (1, 'a@{name}.example', '{name}', 1, 'user', '2026-01-01', '2026-01-01'),
           (2, 'b@{name}.example', 'second', 1, 'user', '2026-01-01', '2026-01-01');
    INSERT INTO posts (id, title, content, author_id, created_at, updated_at)
    VALUES (1, '{name}', '', 1, '2026-01-01', '2026-01-01');
    INSERT INTO accounts (id, owner_id, balance, created_at, updated_at)
    VALUES (1, 1, {amount}, '2026-01-01', '2026-01-01'), (2, 1, 0, '2026-01-01', '2026-01-01');
    INSERT INTO transfers (id, from_account, to_account, amount, created_at)
    VALUES (1, 1, 2, {amount}, '2026-01-01');
"""
AMOUNTS: Final = {"own": 100, "other": 200}
NAMES: Final = {"1.00": "own", "2.00": "other"}
# What a service reads through its async reads.
READS: Final = frozenset({"users", "posts", "accounts", "transfers"})
WRITES: Final = frozenset({"async write", "idempotent write"})
ASYNC: Final = READS | WRITES
SYNC: Final = frozenset({"sync read", "reports", "sync write"})


class Places:
    """Two migrated files, ``own`` and ``other``, whose rows tell which of them was read, and a container on each."""

    def __init__(self, template: Template, directory: Path) -> None:
        self.files = {name: template.copy_to(directory / f"{name}.db") for name in AMOUNTS}
        for name, amount in AMOUNTS.items():
            with closing(sqlite3.connect(self.files[name])) as connection:
                connection.executescript(SEED.format(name=name, amount=amount))
        self.own, self.other = self._container("own"), self._container("other")

    def settings(self, name: str) -> DatabaseSettings:
        """Return the settings of one of the databases."""
        return DatabaseSettings(url=f"sqlite:///{self.files[name]}")

    def _container(self, name: str) -> ApplicationContainer:
        return ApplicationContainer(settings=Settings(database=self.settings(name)))

    def written(self, table: str) -> str:
        """Return the name of the database that has got a new row in *table*, and remove it."""
        found: list[str] = []
        for name, file in self.files.items():
            with closing(sqlite3.connect(file)) as connection, connection:
                deleted = connection.execute(f"DELETE FROM {table} WHERE id > 2").rowcount  # noqa: S608 - our own
                found += [name] * deleted
        [name] = found
        return name


async def reached_in_process(container: ApplicationContainer, places: Places) -> dict[str, str]:
    """Return the name of the database that each way leads to, without HTTP."""
    async with scope():
        reached = {
            "users": (await container.users().get(1)).username,
            "posts": (await container.posts().get(1)).title,
            "accounts": NAMES[f"{(await container.accounts().get(1)).balance:.2f}"],
            "transfers": NAMES[f"{(await container.transfers().get(1)).amount:.2f}"],
        }
        await container.users().create(UserIn(email="new@example.com", username="new"))
        reached["async write"] = places.written("users")
        await container.accounts().create(AccountIn(owner_id=1, balance=Decimal(0)))
        reached["idempotent write"] = places.written("accounts")
    with scope():
        reached["sync read"] = str(container.database.read_session().scalar(select(User.username).where(User.id == 1)))
    with scope():
        reached["reports"] = _name(container.reports().email_domains(PageQuery()).items)
    with scope():
        new = {"email": "new@example.com", "username": "new"}
        container.database.transactions().run(lambda session: session.add(User(**new)))
        reached["sync write"] = places.written("users")
    return reached


async def reached_over_http(client: httpx2.AsyncClient, places: Places) -> dict[str, str]:
    """Return the name of the database that each way leads to which endpoints go."""

    async def get(path: str) -> Any:
        response = await client.get(path)
        assert 200 == response.status_code, response.text
        return response.json()

    reached = {
        "users": (await get("/users/1"))["username"],
        "posts": (await get("/posts/1"))["title"],
        "accounts": NAMES[(await get("/accounts/1"))["balance"]],
        "transfers": NAMES[(await get("/transfers/1"))["amount"]],
        "reports": _name((await get("/reports/email-domains"))["items"]),
    }
    created = await client.post("/users/", json={"email": "new@example.com", "username": "new"})
    assert 201 == created.status_code, created.text
    reached["async write"] = places.written("users")
    created = await client.post("/accounts/", json={"owner_id": 1, "balance": "0.00"})
    assert 201 == created.status_code, created.text
    return {**reached, "idempotent write": places.written("accounts")}


def _name(domains: list[str]) -> str:
    [domain] = domains
    return domain.removesuffix(".example")
