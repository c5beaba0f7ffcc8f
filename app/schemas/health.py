"""Replies of /health/."""

from typing import Literal

from sessionscope.reading.schemas import Reply


class Health(Reply):
    """How the service is."""

    status: Literal["alive", "ready"]
