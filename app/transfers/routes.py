"""The endpoints of /transfers/."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import TransfersDep
from app.transfers.errors import INSUFFICIENT_FUNDS
from app.transfers.schemas import TransferIn, TransferOut, TransferQuery
from sessionscope.errors import CONFLICT, NOT_FOUND
from sessionscope.fastapi.parameters import JSON_ONLY, IdempotencyKeyDep, KeyInPath
from sessionscope.fastapi.problems import OF_BODIES, OF_KEYS, problems
from sessionscope.fastapi.responses import location_of
from sessionscope.reading.schemas import Page

router = APIRouter(prefix="/transfers", tags=["transfers"])


@router.post(
    "/",
    status_code=201,
    dependencies=JSON_ONLY,
    responses=problems(*OF_BODIES, NOT_FOUND, CONFLICT, INSUFFICIENT_FUNDS, *OF_KEYS),
)
async def create_transfer(
    data: TransferIn,
    transfers: TransfersDep,
    idempotency_key: IdempotencyKeyDep,
    request: Request,
    response: Response,
) -> TransferOut:
    """Move money from one account to another, completely or not at all.

    If you send the request again with the same Idempotency-Key, you get the first answer again, and no money moves.
    """
    transfer = await transfers.create(data, idempotency_key)
    response.headers["Location"] = location_of(request, transfer.id)
    return transfer


@router.get("/", responses=problems())
async def list_transfers(query: Annotated[TransferQuery, Query()], transfers: TransfersDep) -> Page[TransferOut]:
    """List transfers."""
    return await transfers.page(query)


@router.get("/{transfer_id}", responses=problems(NOT_FOUND))
async def get_transfer(transfer_id: KeyInPath, transfers: TransfersDep) -> TransferOut:
    """Show a transfer."""
    return await transfers.get(transfer_id)
