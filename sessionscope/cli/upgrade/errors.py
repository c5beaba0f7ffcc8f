"""The error of ``python -m sessionscope upgrade``."""


class UpgradeError(Exception):
    """Raised when the service can't be upgraded. The text says why, and what to do."""
