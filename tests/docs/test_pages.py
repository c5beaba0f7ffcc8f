"""The code on the pages does what the pages say. The guides, the tutorial and the README have tests of their own."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Self

import httpx2
import pytest
import typer
from anyio import to_thread
from dependency_injector import containers, providers
from fastapi import Depends, FastAPI
from sqlalchemy import Integer, String, func, select
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from typer.testing import CliRunner

import sessionscope
from app.accounts.model import Account
from app.accounts.schemas import AccountIn
from app.posts import repository, service
from app.posts.schemas import PostIn, PostQuery
from app.posts.service import PostService
from app.transfers import service as transfers
from app.users.schemas import UserIn
from containers import ApplicationContainer
from sessionscope import scope
from sessionscope.cli import build_cli
from sessionscope.errors import ForbiddenError
from sessionscope.fastapi.error_handlers import install_problems
from sessionscope.observe.doctor import examining
from sessionscope.transactions.options import TransactionOptions
from tests.docs.running import execute, python_of
from tests.guides.blocks import blocks_of
from tests.new.running import ROOT, checked, run

ANN = UserIn(email="ann@example.com", username="ann")


async def open_account(container: ApplicationContainer, owner_id: int, balance: str) -> int:
    """Create an account; return its id."""
    data = AccountIn.model_validate({"owner_id": owner_id, "balance": balance})
    return (await container.accounts().create(data)).id


@pytest.mark.isolation("database")
async def test_transactions(container: ApplicationContainer) -> None:
    """Both units of work run: a plain function in async code, and a sync one with transaction options."""
    async with scope():
        owner = await container.users().create(ANN)
        payer_id, payee_id = [await open_account(container, owner.id, balance) for balance in ("10.00", "0.00")]
        names = vars(transfers) | {
            "container": container,
            "transactions": container.database.transactions(),
            "repository": container.transfer_repository(),
            "payer_id": payer_id,
            "payee_id": payee_id,
            "amount": Decimal("2.50"),
            "report": lambda session: reports.append(session.scalar(select(func.sum(Account.balance)))),
            "TransactionOptions": TransactionOptions,
        }
        reports: list[Decimal] = []
        await execute(python_of("docs/transactions.md"), names)
        assert Decimal("2.50") == (await container.accounts().get(payee_id)).balance
    assert [Decimal("10.00")] == reports


class TestReading:
    async def test_projection_and_write(self, container: ApplicationContainer) -> None:
        """What the function writes is read by the projection."""
        projection, write, conflicts, _ = python_of("docs/reading.md")
        names = vars(repository) | vars(service)
        await execute([projection, write], names)
        changed = type("Changed", (PostService,), {"create": names["create"]})
        async with scope():
            author = await container.users().create(ANN)
            posts = changed(container.idempotent_transactions(), container.post_reader(), container.post_repository())
            post = await posts.create(PostIn(title="On sessions", content="", author_id=author.id), "a key")
            reader = names["PostReader"](container.database.async_reads())
            assert post == await reader.get(post.id)
            assert [post] == (await reader.page(PostQuery(author_id=author.id))).items
        assert conflicts.is_part_of((ROOT / "examples" / "resource" / "ours" / "books" / "service.py").read_text())

    def test_inserts(self, container: ApplicationContainer) -> None:
        """The second call of each function finds the row of the first one."""
        engine = container.database.engine()
        tables: Any = type("Tables", (DeclarativeBase,), {})
        names: dict[str, Any] = {"Session": Session, "email": "ann@example.com", "page": "/", "today": "2026-01-31"}
        names["Subscription"] = type("Subscription", (tables,), {"__tablename__": "subscriptions", "email": key()})
        names["Visit"] = type(
            "Visit",
            (tables,),
            {"__tablename__": "visits", "page": key(), "day": key(), "count": mapped_column(Integer)},
        )
        tables.metadata.create_all(engine)
        asyncio.run(execute([python_of("docs/reading.md")[-1]], names))
        with scope():
            run = container.database.transactions().run
            assert [True, False] == [run(names["subscribe"]), run(names["subscribe"])]
            assert [True, False] == [run(names["count_visit"]), run(names["count_visit"])]
            assert 2 == run(lambda session: session.scalar(select(names["Visit"].count)))
        tables.metadata.drop_all(engine)


def key() -> Any:
    """Return a column that belongs to the primary key."""
    return mapped_column(String(100), primary_key=True)


class TestLifetimes:
    async def test_broker_is_open_while_the_worker_runs(self) -> None:
        """The container of the first block is the one of the second."""
        names: dict[str, Any] = {name: getattr(sessionscope, name) for name in sessionscope.__all__} | {
            "containers": containers,
            "providers": providers,
            "AsyncGenerator": AsyncGenerator,
            "httpx": httpx2,
            "Broker": Broker,
            "NoticeService": NoticeService,
            "Settings": SimpleNamespace,
            "settings": providers.Object(SimpleNamespace(broker_url="amqp://localhost")),
        }
        await execute(python_of("docs/lifetimes.md"), names)
        assert ["amqp://localhost", "opened", "sent", "closed"] == Broker.events


class Broker:
    """Records what happens to it."""

    events: ClassVar[list[str]] = []

    def __init__(self, url: str) -> None:
        self.events[:] = [url]

    async def __aenter__(self) -> Self:
        self.events.append("opened")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.events.append("closed")


class NoticeService:
    """Sends notices by a broker."""

    def __init__(self, http: httpx2.AsyncClient, broker: Broker) -> None:
        self._http = http
        self._broker = broker

    async def send(self, _: object) -> None:
        """Send a notice."""
        assert not self._http.is_closed
        self._broker.events.append("sent")


async def test_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check is added, and yields a finding with all that a reader needs."""
    added: dict[Any, Any] = {}
    monkeypatch.setattr(examining, "_added", added)
    names: dict[str, Any] = {"__name__": "mails"}
    await execute(python_of("docs/doctor.md"), names)
    assert {("mails", "check_mail"): names["check_mail"]} == added
    service = SimpleNamespace(settings=SimpleNamespace(mail=SimpleNamespace(host="")))
    [finding] = names["check_mail"](service)
    assert ("mail", "set `mail.host`") == (finding.code, finding.remedy)


async def test_operating(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is one of the service's, and prints a number."""
    cli = build_cli(
        help="Serve.",
        settings="config:Settings",
        container="containers:ApplicationContainer",
        create_app="app.main:create_app",
        app="app.asgi:app",
    )
    await execute(python_of("docs/operating.md"), {"cli": cli, "typer": typer})
    monkeypatch.setenv("APP_DATABASE__URL", database_url)
    done = await to_thread.run_sync(lambda: CliRunner().invoke(cli, ["db", "count-users"]))
    assert (0, "0\n") == (done.exit_code, done.output)


class _User:
    """A user who is not an administrator."""

    def require_admin(self) -> None:
        """Refuse the user, as in the guide."""
        raise ForbiddenError("only admins may do this")


@pytest.mark.isolation("none")
async def test_console() -> None:
    """The first console is for this machine, and the second one for administrators."""
    for_machine, for_admins = python_of("docs/console.md")
    names: dict[str, Any] = {"Depends": Depends, "CurrentUserDep": Annotated[_User, Depends(_User)]}
    statuses: list[int] = []
    for block in (for_machine, for_admins):
        app = names["app"] = FastAPI()
        install_problems(app)
        await execute([block], names)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
            statuses.append((await client.get("/console")).status_code)
    assert [200, 403] == statuses


@pytest.mark.isolation("none")
def test_wiring(tmp_path: Path) -> None:
    """Another container is drawn, and a wrong name is explained. Tests of the command compare the rest."""
    section = blocks_of(ROOT / "docs" / "wiring.md", "Another container")
    (draw, _), (misspell, shown) = [command for block in section for command in block.commands()]
    python = draw.replace("python", sys.executable, 1)
    checked("sh", "-c", python.replace("database.svg", str(tmp_path / "database.svg")), cwd=ROOT)
    assert "async_session_factory" in (tmp_path / "database.svg").read_text()
    done = run("sh", "-c", misspell.replace("python", sys.executable, 1), cwd=ROOT)
    assert (2, shown) == (done.returncode, done.stderr.splitlines())


async def test_http(async_client: httpx2.AsyncClient) -> None:
    """The example of a problem is the response to such a request."""
    [problem] = [block for block in blocks_of(ROOT / "docs" / "http.md") if block.language == "json"]
    response = await async_client.post("/users/", json={"username": "ann", "usernam": "ann"})
    assert json.loads(problem.text) == response.json()
