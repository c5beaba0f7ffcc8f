from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product


class Catalogue:
    """Reads products."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def find(self, sku: str) -> Product | None:
        return await self.session.get(Product, sku)

    async def search(self, text: str) -> Sequence[Product]:
        query = select(Product).where(Product.name.contains(text)).order_by(Product.sku)
        return (await self.session.scalars(query)).all()
