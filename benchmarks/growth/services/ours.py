"""This service's container with twenty services more, which take what its own take."""

from typing import Annotated, Any

from dependency_injector import providers
from fastapi import APIRouter, Depends, FastAPI

from app.main import create_app
from benchmarks.growth.services.endpoint import COUNTS, path, taking
from benchmarks.peers.ours import make_settings
from containers import ApplicationContainer, Provide, check_container
from sessionscope.database.reads import AsyncReads
from sessionscope.transactions.unit_of_work import AsyncTransactions

router = APIRouter()


class Service:
    def __init__(self, transactions: AsyncTransactions, reads: AsyncReads) -> None:
        self._transactions = transactions
        self._reads = reads


class ServicesContainer(ApplicationContainer):
    """Its services are named below, service_0 and so on."""


for number in range(max(COUNTS)):
    database = ServicesContainer.database
    service = providers.Factory(Service, database.async_transactions, database.async_reads)
    setattr(ServicesContainer, f"service_{number}", service)


def dependency(number: int) -> Any:
    return Annotated[Service, Depends(Provide[getattr(ServicesContainer, f"service_{number}")])]


for count in COUNTS:
    router.get(path(count))(taking(dependency(number) for number in range(count)))


def build(url: str) -> FastAPI:
    container = ServicesContainer(settings=make_settings(url))
    app = create_app(container)
    app.include_router(router)
    # First, as in benchmarks/peers/ours.py.
    app.router.routes.insert(0, app.router.routes.pop())
    check_container(container, app)
    return app
