"""The rules for moving money."""

from decimal import Decimal
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.session import AsyncReadSession
from app.database.transaction import async_transaction
from app.errors import ConflictError, InsufficientFundsError, InvalidError, NotFoundError
from app.models.account import Account
from app.models.transfer import Transfer
from app.repositories.accounts import AccountRepository
from app.repositories.paging import PageOf
from app.repositories.transfers import TransferRepository
from app.schemas.accounts import TransferIn, TransferQuery

# What the column holds.
MOST: Final = Decimal("9999999999999999.99")


class TransferService:
    """Moves money between accounts, whole or not at all."""

    def __init__(self, session: AsyncSession, read_session: AsyncReadSession) -> None:
        self._session = session
        self._accounts = AccountRepository(session)
        self._transfers = TransferRepository(session)
        self._readers = TransferRepository(read_session)

    async def get(self, transfer_id: int) -> Transfer:
        """Return the transfer.

        Raises:
            NotFoundError: There is none.
        """
        transfer = await self._readers.get(transfer_id)
        if transfer is None:
            raise NotFoundError("transfer", transfer_id)
        return transfer

    async def page(self, query: TransferQuery) -> PageOf[Transfer]:
        """Return the transfers that fit *query*."""
        return await self._readers.page(query)

    async def create(self, data: TransferIn) -> Transfer:
        """Take the amount from one account, give it to the other, and write that down; all or nothing.

        Raises:
            InvalidError: Both accounts are the same one.
            NotFoundError: There is no such account.
            InsufficientFundsError: The first account holds less than the amount.
            ConflictError: The second account would hold more than can be written down.
        """
        if data.from_account == data.to_account:
            raise InvalidError("to_account", "the money would go where it comes from")
        transfer = Transfer(from_account=data.from_account, to_account=data.to_account, amount=data.amount)
        async with async_transaction(self._session):
            accounts = await self._accounts.lock(data.from_account, data.to_account)
            payer, payee = _account(accounts, data.from_account), _account(accounts, data.to_account)
            if payer.balance < data.amount:
                raise InsufficientFundsError(payer.id)
            if payee.balance + data.amount > MOST:
                raise ConflictError(f"account {payee.id} can't hold that much")
            payer.balance -= data.amount
            payee.balance += data.amount
            await self._transfers.add(transfer)
        return transfer


def _account(accounts: dict[int, Account], account_id: int) -> Account:
    if account_id not in accounts:
        raise NotFoundError("account", account_id)
    return accounts[account_id]
