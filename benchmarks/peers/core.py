"""SQLAlchemy Core alone: one connection in autocommit, columns instead of objects, a response made by hand."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.limit import as_json, iso, nothing, user
from benchmarks.peers.schema import Account, Transfer, User, now
from benchmarks.peers.settings import ENGINE

users, accounts, transfers = User.__table__.c, Account.__table__, Transfer.__table__
COLUMNS = (users.id, users.email, users.username, users.is_active, users.role, users.created_at, users.updated_at)
USER = select(*COLUMNS).where(users.id == bindparam("user_id"))
COUNT = select(func.count()).select_from(User.__table__)
PAGE = select(*COLUMNS).order_by(users.id).limit(bindparam("limit")).offset(bindparam("offset"))
LOCK = (
    select(accounts.c.id, accounts.c.balance)
    .where(accounts.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(accounts.c.id)
    .with_for_update()
)
MOVE = update(accounts).where(accounts.c.id == bindparam("account"))


def build(url: str) -> Starlette:
    engine = create_async_engine(url, **ENGINE)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
        app.state.engine = engine
        app.state.reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        yield
        await engine.dispose()

    routes = [
        Route("/users/{user_id:int}", get_user),
        Route("/users/", list_users),
        Route("/transfers/", create_transfer, methods=["POST"]),
        Route("/nothing", nothing),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def get_user(request: Request) -> Response:
    async with request.app.state.reading.connect() as connection:
        row = (await connection.execute(USER, {"user_id": request.path_params["user_id"]})).one_or_none()
    if row is None:
        raise HTTPException(404)
    return as_json(json.dumps(user(row)))


async def list_users(request: Request) -> Response:
    limit, offset = int(request.query_params.get("limit", 50)), int(request.query_params.get("offset", 0))
    async with request.app.state.reading.connect() as connection:
        total = await connection.scalar(COUNT)
        rows = await connection.execute(PAGE, {"limit": limit, "offset": offset})
    page = {"items": [user(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    return as_json(json.dumps(page))


async def create_transfer(request: Request) -> Response:
    data = json.loads(await request.body())
    payer, payee, amount, timestamp = data["from_account"], data["to_account"], Decimal(data["amount"]), now()
    async with request.app.state.engine.begin() as connection:
        balances = {key: balance for key, balance in await connection.execute(LOCK, {"ids": [payer, payee]})}  # noqa: C416
        if len(balances) < 2 or balances[payer] < amount:  # noqa: PLR2004
            raise HTTPException(409)
        changes = {payer: balances[payer] - amount, payee: balances[payee] + amount}
        moves = [{"account": key, "balance": balance, "updated_at": timestamp} for key, balance in changes.items()]
        await connection.execute(MOVE, moves)
        values = {"from_account": payer, "to_account": payee, "amount": amount, "created_at": timestamp}
        key = (await connection.execute(insert(transfers), values)).inserted_primary_key[0]
    response = {"id": key, **values, "amount": f"{amount:.2f}", "created_at": iso(timestamp)}
    return as_json(json.dumps(response), 201)
