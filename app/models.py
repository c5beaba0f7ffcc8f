"""All mapped classes. Importing this module completes `Base.metadata`."""

from app.accounts.model import Account
from app.posts.model import Post
from app.transfers.model import Transfer
from app.users.model import Role, User
from sessionscope.database.base import Base
from sessionscope.transactions.idempotency import IdempotencyKeyColumns

__all__ = ["Account", "IdempotencyKey", "Post", "Role", "Transfer", "User"]


class IdempotencyKey(IdempotencyKeyColumns, Base):
    """An idempotency key and the answer to its request."""

    __tablename__ = "idempotency_keys"
