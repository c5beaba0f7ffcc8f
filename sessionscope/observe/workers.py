"""Where several workers of one server add up what they count."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

# prometheus-client reads it when it is imported, and then keeps all sums in files of this folder.
VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def common_sums(workers: int) -> Generator[None, None, None]:
    """Let the worker processes that are started in the block add up their metrics.

    Args:
        workers: How many there are. One alone needs no files.
    """
    if workers == 1 or VARIABLE in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="sessionscope-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[VARIABLE]
