"""Another service that an endpoint calls. All that it does is take time."""

import asyncio
from typing import Final

SECONDS: Final = 2


async def ask() -> None:
    await asyncio.sleep(SECONDS)
