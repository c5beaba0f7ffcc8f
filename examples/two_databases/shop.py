"""A service with two databases: one for sales, and one for a journal of requests.

Each is a `DatabaseContainer` of its own, with its own settings, engines, sessions and migrations. One scope closes
the sessions of both. Run it from the project's root::

    $ python -m examples.two_databases db upgrade
    $ python -m examples.two_databases db --database journal upgrade
    $ python -m examples.two_databases serve
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Final

from dependency_injector import containers, providers
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import String, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from config import DatabaseSettings, Settings
from containers import DatabaseContainer
from sessionscope import Provide, ScopeMiddleware, Shared, check_container, container_lifespan, nested
from sessionscope.database import AsyncReadSession
from sessionscope.database.types import UtcDateTime
from sessionscope.fastapi.health import build_health_router
from sessionscope.transactions import AsyncTransactions

# Another service has its migrations in the root of this repository.
PROJECT: Final = Path(__file__).parent


class ShopBase(DeclarativeBase):
    """Base class of the tables in the shop's database."""


class JournalBase(DeclarativeBase):
    """Base class of the tables in the journal's database."""


class Sale(ShopBase):
    """An item that was sold."""

    __tablename__ = "sales"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(String(200))


class Entry(JournalBase):
    """A request for an item, sold or not."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


class ShopSettings(Settings):
    """The service's settings, and those of a second database: ``APP_JOURNAL__URL``."""

    config_file: ClassVar[Path | None] = None

    database: DatabaseSettings = DatabaseSettings(url="sqlite:///./shop.db")
    journal: DatabaseSettings = DatabaseSettings(url="sqlite:///./journal.db")


class SaleService:
    """Sells items, and records the requests in the journal.

    No transaction spans two databases. The journal is written first, so it always has what was sold.
    """

    def __init__(
        self, shop: AsyncTransactions, journal: AsyncTransactions, sales: AsyncReadSession, entries: AsyncReadSession
    ) -> None:
        self._shop, self._journal = shop, journal
        self._sales, self._entries = sales, entries

    async def sell(self, item: str) -> None:
        """Sell one *item*."""

        async def write_down(session: AsyncSession) -> None:
            session.add(Entry(text=f"wants {item}"))

        async def sell(session: AsyncSession) -> None:
            session.add(Sale(item=item))

        await self._journal.run(write_down)
        await self._shop.run(sell)

    async def counts(self) -> dict[str, int]:
        """Return how many rows each database has."""
        sold = await self._sales.scalar(select(func.count()).select_from(Sale))
        asked = await self._entries.scalar(select(func.count()).select_from(Entry))
        return {"sales": sold or 0, "entries": asked or 0}


class ShopContainer(containers.DeclarativeContainer):
    """The same container twice, with different settings."""

    settings = Shared[ShopSettings](ShopSettings)
    database = nested(DatabaseContainer, settings=settings.provided.database)
    journal = nested(DatabaseContainer, settings=settings.provided.journal)
    sales = providers.Factory(
        SaleService,
        database.async_transactions,
        journal.async_transactions,
        database.async_read_session,
        journal.async_read_session,
    )


SalesDep = Annotated[SaleService, Depends(Provide[ShopContainer.sales])]
router = APIRouter()


@router.post("/sales/{item}", status_code=201)
async def sell(item: str, sales: SalesDep) -> None:
    """Sell something."""
    await sales.sell(item)


@router.get("/counts")
async def counts(sales: SalesDep) -> dict[str, int]:
    """Count the rows of both databases."""
    return await sales.counts()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with container_lifespan(app.state.container):
        yield


def create_app(container: ShopContainer | None = None) -> FastAPI:
    """Return the service, over *container* or a new one."""
    app = FastAPI(title="Two databases", lifespan=_lifespan)
    app.state.container = container or ShopContainer()
    app.add_middleware(ScopeMiddleware)
    app.include_router(router)
    app.include_router(build_health_router(PROJECT))
    check_container(app.state.container, app)
    return app
