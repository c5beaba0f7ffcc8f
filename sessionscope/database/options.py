"""Execution options of a connection, which say how its next transaction begins."""

from collections.abc import Mapping
from typing import Any, Final

# No transaction begins: each statement stands alone.
AUTOCOMMIT: Final = "app_autocommit"
# The transaction is going to write.
WRITES: Final = "app_writes"
# How long the transaction waits for locks, in seconds, in place of the setting (SQLite).
LOCK_TIMEOUT: Final = "app_lock_timeout"
# The transaction's isolation level, in place of the setting (MySQL, MariaDB).
ISOLATION_LEVEL: Final = "app_isolation_level"
# The transaction can't write (MySQL, MariaDB).
READ_ONLY: Final = "app_read_only"


def stands_alone(options: Mapping[str, Any]) -> bool:
    """Tell whether a connection with these options is in autocommit, by our option or by SQLAlchemy's."""
    return bool(options.get(AUTOCOMMIT)) or options.get("isolation_level") == "AUTOCOMMIT"
