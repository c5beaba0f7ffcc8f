import httpx2

from app.config import settings


async def notify(order_id: int) -> None:
    """Tell the warehouse about a new order."""
    async with httpx2.AsyncClient(base_url=settings.warehouse_url, timeout=60) as client:
        await client.post("/orders", json={"order_id": order_id})
