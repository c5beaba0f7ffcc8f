"""Execution options of a connection, which say how its next transaction begins."""

from collections.abc import Mapping
from typing import Any, Final

# No transaction begins: each statement stands alone.
AUTOCOMMIT: Final = "app_autocommit"
# The transaction is going to write.
WRITES: Final = "app_writes"


def stands_alone(options: Mapping[str, Any]) -> bool:
    """Tell whether a connection with these options is in autocommit, by our option or by SQLAlchemy's."""
    return bool(options.get(AUTOCOMMIT)) or options.get("isolation_level") == "AUTOCOMMIT"
