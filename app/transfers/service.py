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

# The largest balance that the column can hold.
MOST: Final = Decimal("9999999999999999.99")


class TransferService:
    """Moves money between accounts, completely or not at all."""

    def __init__(
        self, transactions: IdempotentTransactions, reader: TransferReader, repository: TransferRepository
    ) -> None:
        self._transactions = transactions
        self._reader = reader
        self._repository = repository

    async def get(self, transfer_id: int) -> TransferOut:
        """Return the transfer.

        Raises:
            NotFoundError: The transfer doesn't exist.
        """
        return found(await self._reader.get(transfer_id), "transfer", transfer_id)

    async def page(self, query: TransferQuery) -> Page[TransferOut]:
        """Return the transfers that match *query*."""
        return await self._reader.page(query)

    async def create(self, data: TransferIn, key: str | None = None) -> TransferOut:
        """Move the amount from one account to the other, and record the transfer, in one transaction.

        Args:
            data: The accounts and the amount.
            key: The client's idempotency key. If a request comes again with the same key, no money moves:
                the transfer is returned again, or the refusal is raised again.

        Raises:
            InvalidError: Both accounts are the same.
            NotFoundError: An account doesn't exist.
            InsufficientFundsError: The first account holds less than the amount.
            ConflictError: The second account would hold more than its column can.
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
