"""Starlette and asyncpg, JSON written by hand: about as little as Python can do."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.settings import NOTHING, POOL_SIZE

USER = "SELECT id, email, username, is_active, role, created_at, updated_at FROM users"
LOCK = "SELECT id, balance FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE"
MOVE = "UPDATE accounts SET balance = balance + $2, updated_at = $3 WHERE id = $1"
NOTE = "INSERT INTO transfers (from_account, to_account, amount, created_at) VALUES ($1, $2, $3, $4) RETURNING id"


def build(url: str) -> Starlette:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
        async with asyncpg.create_pool(dsn, min_size=1, max_size=POOL_SIZE) as app.state.pool:
            yield

    routes = [
        Route("/users/{user_id:int}", get_user),
        Route("/users/", list_users),
        Route("/transfers/", create_transfer, methods=["POST"]),
        Route("/nothing", nothing),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def get_user(request: Request) -> Response:
    row = await request.app.state.pool.fetchrow(f"{USER} WHERE id = $1", request.path_params["user_id"])
    if row is None:
        raise HTTPException(404)
    return as_json(json.dumps(user(row)))


async def list_users(request: Request) -> Response:
    limit, offset = int(request.query_params.get("limit", 50)), int(request.query_params.get("offset", 0))
    async with request.app.state.pool.acquire() as connection:
        total = await connection.fetchval("SELECT count(*) FROM users")
        rows = await connection.fetch(f"{USER} ORDER BY id LIMIT $1 OFFSET $2", limit, offset)
    page = {"items": [user(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    return as_json(json.dumps(page))


async def create_transfer(request: Request) -> Response:
    data = json.loads(await request.body())
    payer, payee, amount = data["from_account"], data["to_account"], Decimal(data["amount"])
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        balances = {row["id"]: row["balance"] for row in await connection.fetch(LOCK, [payer, payee])}
        if len(balances) < 2 or balances[payer] < amount:  # noqa: PLR2004
            raise HTTPException(409)
        await connection.executemany(MOVE, [(payer, -amount, now), (payee, amount, now)])
        key = await connection.fetchval(NOTE, payer, payee, amount, now)
    response = {
        "id": key,
        "from_account": payer,
        "to_account": payee,
        "amount": f"{amount:.2f}",
        "created_at": iso(now),
    }
    return as_json(json.dumps(response), 201)


async def nothing(request: Request) -> Response:  # noqa: ARG001
    return as_json(json.dumps(NOTHING))


def user(row: Any) -> dict[str, Any]:
    key, email, username, is_active, role, created_at, updated_at = row
    return {
        "id": key,
        "email": email,
        "username": username,
        "is_active": is_active,
        "role": role,
        "created_at": iso(created_at),
        "updated_at": iso(updated_at),
    }


def iso(timestamp: datetime) -> str:
    return timestamp.isoformat().replace("+00:00", "Z")


def as_json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")
