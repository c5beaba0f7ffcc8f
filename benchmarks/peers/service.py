"""Repositories and services of the peers that differ only in how they put them together."""

from collections.abc import Sequence
from typing import Any

from fastapi import HTTPException
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peers.schema import Account, PageQuery, Transfer, TransferIn, User


class UserRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, user_id: int) -> User | None:
        return await self._session.get(User, user_id)

    async def count(self) -> int:
        return await self._session.scalar(select(func.count()).select_from(User)) or 0

    async def page(self, limit: int, offset: int) -> Sequence[User]:
        return (await self._session.scalars(select(User).order_by(User.id).limit(limit).offset(offset))).all()


class UserService:
    def __init__(self, users: UserRepository) -> None:
        self._users = users

    async def get(self, user_id: int) -> User:
        user = await self._users.get(user_id)
        if user is None:
            raise HTTPException(404, f"there is no user {user_id}")
        return user

    async def page(self, query: PageQuery) -> dict[str, Any]:
        total = await self._users.count()
        items = await self._users.page(query.limit, query.offset)
        return {"items": items, "total": total, "limit": query.limit, "offset": query.offset}


class TransferRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, *account_ids: int) -> dict[int, Account]:
        statement = select(Account).where(Account.id.in_(account_ids)).order_by(Account.id).with_for_update()
        return {account.id: account for account in await self._session.scalars(statement)}

    async def add(self, transfer: Transfer) -> None:
        self._session.add(transfer)
        await self._session.commit()


class TransferService:
    def __init__(self, transfers: TransferRepository) -> None:
        self._transfers = transfers

    async def create(self, data: TransferIn) -> Transfer:
        accounts = await self._transfers.lock(data.from_account, data.to_account)
        if len(accounts) < 2:  # noqa: PLR2004
            raise HTTPException(404, "there is no such account")
        payer, payee = accounts[data.from_account], accounts[data.to_account]
        if payer.balance < data.amount:
            raise HTTPException(409, f"account {payer.id} holds less")
        payer.balance -= data.amount
        payee.balance += data.amount
        transfer = Transfer(from_account=payer.id, to_account=payee.id, amount=data.amount)
        await self._transfers.add(transfer)
        return transfer
