"""Execution options by which a connection is told, before its transaction begins, what kind it is to be."""

from collections.abc import Mapping
from typing import Any, Final

# Its statements each stand alone: nothing is begun.
AUTOCOMMIT: Final = "app_autocommit"
# It is going to write.
WRITES: Final = "app_writes"
# It waits this long for locks, in seconds, instead of as the settings say (SQLite).
LOCK_TIMEOUT: Final = "app_lock_timeout"
# It has this isolation level, instead of the settings' (MySQL, MariaDB).
ISOLATION_LEVEL: Final = "app_isolation_level"
# It can't write (MySQL, MariaDB).
READ_ONLY: Final = "app_read_only"


def stands_alone(options: Mapping[str, Any]) -> bool:
    """Tell whether each statement of a connection with these options stands alone, SQLAlchemy's own option included."""
    return bool(options.get(AUTOCOMMIT)) or options.get("isolation_level") == "AUTOCOMMIT"
