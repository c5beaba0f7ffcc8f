"""What every peer is given: the same pool, tested before use."""

from typing import Any, Final

POOL_SIZE: Final = 20
ENGINE: Final[dict[str, Any]] = {"pool_size": POOL_SIZE, "max_overflow": 10, "pool_pre_ping": True}
# SQLAlchemy's advice for AsyncSession.
SESSION: Final[dict[str, Any]] = {"expire_on_commit": False}
NOTHING: Final = {"status": "ok"}
