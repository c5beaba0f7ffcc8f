"""Every mapped class: importing this module completes `Base.metadata`."""

from app.accounts.model import Account
from app.idempotency.model import IdempotencyKey
from app.posts.model import Post
from app.transfers.model import Transfer
from app.users.model import Role, User

__all__ = ["Account", "IdempotencyKey", "Post", "Role", "Transfer", "User"]
