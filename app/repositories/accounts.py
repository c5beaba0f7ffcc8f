"""Accounts in the database."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.account import Account
from app.repositories.paging import PageOf, fetch_page
from app.schemas.accounts import AccountQuery


class AccountRepository:
    """Finds and keeps accounts through one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, account_id: int) -> Account | None:
        """Return the account, None where there is none."""
        return await self._session.get(Account, account_id)

    async def lock(self, *account_ids: int) -> dict[int, Account]:
        """Return the accounts that there are, by id, locked until the transaction ends.

        They are locked in the order of their ids: two transfers between the same accounts
        in opposite directions would otherwise wait for each other for ever.
        """
        statement = select(Account).where(Account.id.in_(account_ids)).order_by(Account.id).with_for_update()
        return {account.id: account for account in await self._session.scalars(statement)}

    async def page(self, query: AccountQuery) -> PageOf[Account]:
        """Return the accounts, ordered by id."""
        statement = select(Account)
        if query.owner_id is not None:
            statement = statement.where(Account.owner_id == query.owner_id)
        order = (Account.id,)
        return await fetch_page(self._session, statement, order=order, limit=query.limit, offset=query.offset)

    async def add(self, account: Account) -> None:
        """Insert the account, which has an id afterwards."""
        self._session.add(account)
        await self._session.flush()
