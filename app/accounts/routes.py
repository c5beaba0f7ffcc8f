"""The endpoints of /accounts/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.schemas import AccountIn, AccountOut, AccountQuery
from app.dependencies import AccountsDep
from sessionscope.errors import CONFLICT, NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, IdempotencyKeyDep, KeyInPath
from sessionscope.fastapi.problems import OF_BODIES, OF_KEYS, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.post(
    "/",
    status_code=201,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, CONFLICT, NOT_FOUND, *OF_KEYS),
)
async def create_account(
    data: AccountIn,
    accounts: AccountsDep,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKeyDep,
) -> AccountOut:
    """Open an account. Its owner must exist.

    If you send the request again with the same Idempotency-Key, you get the same account, and no other is opened.
    """
    account = await accounts.create(data, idempotency_key)
    response.headers["Location"] = location_of(request, account.id)
    return account


@router.get("/", responses=problems())
async def list_accounts(query: Annotated[AccountQuery, Query()], accounts: AccountsDep) -> Page[AccountOut]:
    """List accounts."""
    return await accounts.page(query)


@router.get("/{account_id}", responses=problems(NOT_FOUND))
async def get_account(account_id: KeyInPath, accounts: AccountsDep) -> AccountOut:
    """Show an account."""
    return await accounts.get(account_id)
