"""Transfers in the database."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.transfer import Transfer
from app.repositories.paging import PageOf, fetch_page
from app.schemas.accounts import TransferQuery


class TransferRepository:
    """Finds and keeps transfers through one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, transfer_id: int) -> Transfer | None:
        """Return the transfer, None where there is none."""
        return await self._session.get(Transfer, transfer_id)

    async def page(self, query: TransferQuery) -> PageOf[Transfer]:
        """Return the transfers, ordered by id."""
        statement = select(Transfer)
        if query.account_id is not None:
            sides = (Transfer.from_account == query.account_id, Transfer.to_account == query.account_id)
            statement = statement.where(or_(*sides))
        order = (Transfer.id,)
        return await fetch_page(self._session, statement, order=order, limit=query.limit, offset=query.offset)

    async def add(self, transfer: Transfer) -> None:
        """Insert the transfer, which has an id afterwards."""
        self._session.add(transfer)
        await self._session.flush()
