"""Accounts and transfers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.dependencies import JSON_ONLY, AccountsDep, IdempotencyKeyDep, KeyInPath, TransfersDep
from app.errors import INSUFFICIENT_FUNDS
from app.models import Account
from app.schemas.accounts import (
    AccountIn,
    AccountOut,
    AccountQuery,
    TransferIn,
    TransferOut,
    TransferQuery,
)
from containers import inject
from sessionscope.errors import CONFLICT, KEY_REUSED, NOT_FOUND, REQUEST_IN_FLIGHT
from sessionscope.fastapi.problems import OF_BODIES, problems
from sessionscope.fastapi.replies import location_of
from sessionscope.reading.schemas import Page

accounts_router = APIRouter(prefix="/accounts", tags=["accounts"])
transfers_router = APIRouter(prefix="/transfers", tags=["transfers"])


@accounts_router.post(
    "/",
    status_code=201,
    response_model=AccountOut,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, CONFLICT, NOT_FOUND, REQUEST_IN_FLIGHT, KEY_REUSED),
)
@inject
async def create_account(
    data: AccountIn,
    accounts: AccountsDep,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKeyDep,
) -> Account:
    """Open an account; its owner must exist.

    Sent again with the same Idempotency-Key, the request gets the account that it opened, and opens no other.
    """
    account = await accounts.create(data, idempotency_key)
    response.headers["Location"] = location_of(request, account.id)
    return account


@accounts_router.get("/", responses=problems())
@inject
async def list_accounts(query: Annotated[AccountQuery, Query()], accounts: AccountsDep) -> Page[AccountOut]:
    """List accounts."""
    return await accounts.page(query)


@accounts_router.get("/{account_id}", responses=problems(NOT_FOUND))
@inject
async def get_account(account_id: KeyInPath, accounts: AccountsDep) -> AccountOut:
    """Show an account."""
    return await accounts.get(account_id)


@transfers_router.post(
    "/",
    status_code=201,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, NOT_FOUND, CONFLICT, INSUFFICIENT_FUNDS, REQUEST_IN_FLIGHT, KEY_REUSED),
)
@inject
async def create_transfer(
    data: TransferIn,
    transfers: TransfersDep,
    idempotency_key: IdempotencyKeyDep,
    request: Request,
    response: Response,
) -> TransferOut:
    """Move money from one account to another, whole or not at all.

    Sent again with the same Idempotency-Key, the request gets its first answer again, and no money moves.
    """
    transfer = await transfers.create(data, idempotency_key)
    response.headers["Location"] = location_of(request, transfer.id)
    return transfer


@transfers_router.get("/", responses=problems())
@inject
async def list_transfers(query: Annotated[TransferQuery, Query()], transfers: TransfersDep) -> Page[TransferOut]:
    """List transfers."""
    return await transfers.page(query)


@transfers_router.get("/{transfer_id}", responses=problems(NOT_FOUND))
@inject
async def get_transfer(transfer_id: KeyInPath, transfers: TransfersDep) -> TransferOut:
    """Show a transfer."""
    return await transfers.get(transfer_id)
