"""Tunes garbage collection for a process that only serves an application."""

import gc
from typing import Final

OBJECTS_BETWEEN_COLLECTIONS: Final = 10_000


def settle() -> None:
    """Freeze long-lived objects out of garbage collection, and collect less often.

    Call this after the application is made. A full collection that includes the libraries' objects takes 0.1 s.
    Requests leave no reference cycles, and a dozen of them reach Python's default of 700 objects between two
    collections.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
