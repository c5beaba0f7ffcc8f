"""The pool that both have: small, and no more than its size."""

from typing import Any, Final

SIZE: Final = 5
POOL: Final[dict[str, Any]] = {"pool_size": SIZE, "max_overflow": 0, "pool_timeout": 30}
