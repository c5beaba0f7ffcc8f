"""Another service that an endpoint asks: it only takes its time."""

import asyncio
from typing import Final

SECONDS: Final = 2


async def ask() -> None:
    await asyncio.sleep(SECONDS)
