"""Plain ``def`` endpoints on sync sessions; where those come from is all that differs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy import func, make_url, select
from sqlalchemy.orm import Session

from benchmarks.peers.schema import (
    Account,
    PageQuery,
    Transfer,
    TransferIn,
    TransferOut,
    User,
    UserOut,
    UserPage,
)
from benchmarks.peers.settings import NOTHING

DRIVERS = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite+pysqlite"}


def sync_url(url: str) -> str:
    target = make_url(url)
    target = target.set(drivername=DRIVERS[target.get_backend_name()])
    return target.render_as_string(hide_password=False)


def endpoints(get_db: Any, transaction: Callable[[Session], AbstractContextManager[Any]]) -> APIRouter:
    router = APIRouter()
    session_dep = Annotated[Session, Depends(get_db)]

    @router.get("/users/{user_id}", response_model=UserOut)
    def get_user(user_id: int, session: session_dep) -> User:
        user = session.get(User, user_id)
        if user is None:
            raise HTTPException(404, f"there is no user {user_id}")
        return user

    @router.get("/users/", response_model=UserPage)
    def list_users(query: Annotated[PageQuery, Query()], session: session_dep) -> dict[str, Any]:
        total = session.scalar(select(func.count()).select_from(User))
        items = session.scalars(select(User).order_by(User.id).limit(query.limit).offset(query.offset)).all()
        return {"items": items, "total": total, "limit": query.limit, "offset": query.offset}

    @router.post("/transfers/", status_code=201, response_model=TransferOut)
    def create_transfer(data: TransferIn, session: session_dep) -> Transfer:
        with transaction(session):
            return move(session, data)

    @router.get("/nothing")
    def nothing(session: session_dep) -> dict[str, str]:  # noqa: ARG001
        return NOTHING

    return router


def move(session: Session, data: TransferIn) -> Transfer:
    ids = (data.from_account, data.to_account)
    statement = select(Account).where(Account.id.in_(ids)).order_by(Account.id).with_for_update()
    accounts = {account.id: account for account in session.scalars(statement)}
    if len(accounts) < 2 or accounts[data.from_account].balance < data.amount:  # noqa: PLR2004
        raise HTTPException(409)
    accounts[data.from_account].balance -= data.amount
    accounts[data.to_account].balance += data.amount
    transfer = Transfer(from_account=data.from_account, to_account=data.to_account, amount=data.amount)
    session.add(transfer)
    return transfer
