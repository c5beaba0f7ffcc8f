"""Mapped classes, one per file."""

from app.models.account import Account
from app.models.idempotency_key import IdempotencyKey
from app.models.post import Post
from app.models.transfer import Transfer
from app.models.user import Role, User

__all__ = ["Account", "IdempotencyKey", "Post", "Role", "Transfer", "User"]
