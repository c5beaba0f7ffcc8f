"""The rules for moving money."""

from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from app.transfers.errors import InsufficientFundsError
from app.transfers.repository import TransferReader, TransferRepository
from app.transfers.schemas import TransferIn, TransferOut, TransferQuery
from sessionscope.errors import ConflictError, InvalidError, NotFoundError, found
from sessionscope.reading.schemas import Page
from sessionscope.transactions.idempotency import IdempotentTransactions

# What the column holds.
MOST: Final = Decimal("9999999999999999.99")


class TransferService:
    """Moves money between accounts, whole or not at all."""

    def __init__(
        self, transactions: IdempotentTransactions, reader: TransferReader, repository: TransferRepository
    ) -> None:
        self._transactions = transactions
        self._reader = reader
        self._repository = repository

    async def get(self, transfer_id: int) -> TransferOut:
        """Return the transfer.

        Raises:
            NotFoundError: There is none.
        """
        return found(await self._reader.get(transfer_id), "transfer", transfer_id)

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
        payer, payee, amount = data.from_account, data.to_account, data.amount
        if payer == payee:
            raise InvalidError("to_account", "the money would go where it comes from")

        def move(session: Session) -> TransferOut:
            balances = self._repository.lock(session, payer, payee)
            for account_id in (payer, payee):
                if account_id not in balances:
                    raise NotFoundError("account", account_id)
            if balances[payer] < amount:
                raise InsufficientFundsError(payer)
            if balances[payee] + amount > MOST:
                raise ConflictError(f"account {payee} can't hold that much")
            self._repository.move(session, payer, payee, amount)
            return self._repository.add(session, payer, payee, amount)

        def find(session: Session, transfer_id: int) -> TransferOut:
            return found(self._repository.shown(session, transfer_id), "transfer", transfer_id)

        return await self._transactions.run_once(key, f"transfer {payer} {payee} {amount:.2f}", work=move, find=find)
