"""The rules for moving money."""

from decimal import Decimal
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from app.accounts.repository import AccountRepository
from app.idempotency.service import IdempotentTransactions
from app.transfers.errors import InsufficientFundsError
from app.transfers.repository import TransferReader, TransferRepository
from app.transfers.schemas import TransferIn, TransferOut, TransferQuery
from sessionscope.database.reads import AsyncReads
from sessionscope.errors import ConflictError, InvalidError, NotFoundError
from sessionscope.reading.schemas import Page

# What the column holds.
MOST: Final = Decimal("9999999999999999.99")


class TransferService:
    """Moves money between accounts, whole or not at all."""

    def __init__(self, transactions: IdempotentTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reader = TransferReader(reads)

    async def get(self, transfer_id: int) -> TransferOut:
        """Return the transfer.

        Raises:
            NotFoundError: There is none.
        """
        return _found(await self._reader.get(transfer_id), transfer_id)

    async def page(self, query: TransferQuery) -> Page[TransferOut]:
        """Return the transfers that fit *query*."""
        return await self._reader.page(query)

    async def create(self, data: TransferIn, key: str | None = None) -> TransferOut:
        """Take the amount from one account, give it to the other, and write that down; all or nothing.

        Args:
            data: What to move.
            key: The client's for this request. Asked for again with it, the first answer is given
                again, be it the transfer or a refusal, and no money moves.

        Raises:
            InvalidError: Both accounts are the same one.
            NotFoundError: There is no such account.
            InsufficientFundsError: The first account holds less than the amount.
            ConflictError: The second account would hold more than can be written down.
            KeyReusedError: The key was used for another transfer.
            RequestInFlightError: The first request with this key has no answer yet.
        """
        if data.from_account == data.to_account:
            raise InvalidError("to_account", "the money would go where it comes from")
        move = partial(_move, data=data)
        request = f"transfer {data.from_account} {data.to_account} {data.amount:.2f}"
        return await self._transactions.run_once(key, request, work=move, find=_transfer)


def _transfer(session: Session, transfer_id: int) -> TransferOut:
    return _found(TransferRepository(session).get(transfer_id), transfer_id)


def _found(transfer: TransferOut | None, transfer_id: int) -> TransferOut:
    if transfer is None:
        raise NotFoundError("transfer", transfer_id)
    return transfer


def _move(session: Session, data: TransferIn) -> TransferOut:
    payer, payee, amount = data.from_account, data.to_account, data.amount
    accounts = AccountRepository(session)
    balances = accounts.lock(payer, payee)
    for account_id in (payer, payee):
        if account_id not in balances:
            raise NotFoundError("account", account_id)
    if balances[payer] < amount:
        raise InsufficientFundsError(payer)
    if balances[payee] + amount > MOST:
        raise ConflictError(f"account {payee} can't hold that much")
    accounts.move(payer, payee, amount)
    return TransferRepository(session).add(payer, payee, amount)
