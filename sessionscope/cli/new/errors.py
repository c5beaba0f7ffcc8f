"""The error of ``python -m sessionscope new``."""


class NewServiceError(Exception):
    """Raised when the service can't be made. The text says why, and what to do."""
