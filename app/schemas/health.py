"""Replies of /health/."""

from typing import Literal

from app.schemas.base import Reply


class Health(Reply):
    """How the service is."""

    status: Literal["alive", "ready"]
