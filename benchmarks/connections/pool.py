"""The pool of both services: small, and without an overflow."""

from typing import Any, Final

SIZE: Final = 5
POOL: Final[dict[str, Any]] = {"pool_size": SIZE, "max_overflow": 0, "pool_timeout": 30}
