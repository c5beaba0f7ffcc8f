"""Accounts and transfers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.dependencies import AccountsDep, KeyInPath, TransfersDep
from app.api.problems import problems
from app.models import Account, Transfer
from app.repositories.paging import PageOf
from app.schemas.accounts import (
    AccountIn,
    AccountOut,
    AccountQuery,
    TransferIn,
    TransferOut,
    TransferQuery,
)
from app.schemas.base import Page
from containers import inject

accounts_router = APIRouter(prefix="/accounts", tags=["accounts"])
transfers_router = APIRouter(prefix="/transfers", tags=["transfers"])


@accounts_router.post("/", status_code=201, response_model=AccountOut, responses=problems(409))
@inject
async def create_account(data: AccountIn, accounts: AccountsDep, request: Request, response: Response) -> Account:
    """Open an account; its owner must exist."""
    account = await accounts.create(data)
    response.headers["Location"] = request.url_for("get_account", account_id=account.id).path
    return account


@accounts_router.get("/", response_model=Page[AccountOut], responses=problems())
@inject
async def list_accounts(query: Annotated[AccountQuery, Query()], accounts: AccountsDep) -> PageOf[Account]:
    """List accounts."""
    return await accounts.page(query)


@accounts_router.get("/{account_id}", response_model=AccountOut, responses=problems(404))
@inject
async def get_account(account_id: KeyInPath, accounts: AccountsDep) -> Account:
    """Show an account."""
    return await accounts.get(account_id)


@transfers_router.post("/", status_code=201, response_model=TransferOut, responses=problems(404, 409))
@inject
async def create_transfer(data: TransferIn, transfers: TransfersDep, request: Request, response: Response) -> Transfer:
    """Move money from one account to another, whole or not at all."""
    transfer = await transfers.create(data)
    response.headers["Location"] = request.url_for("get_transfer", transfer_id=transfer.id).path
    return transfer


@transfers_router.get("/", response_model=Page[TransferOut], responses=problems())
@inject
async def list_transfers(query: Annotated[TransferQuery, Query()], transfers: TransfersDep) -> PageOf[Transfer]:
    """List transfers."""
    return await transfers.page(query)


@transfers_router.get("/{transfer_id}", response_model=TransferOut, responses=problems(404))
@inject
async def get_transfer(transfer_id: KeyInPath, transfers: TransfersDep) -> Transfer:
    """Show a transfer."""
    return await transfers.get(transfer_id)
