"""Passwords, kept as argon2id hashes."""

from typing import Final

from anyio.to_thread import run_sync
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

_HASHER: Final = PasswordHash((Argon2Hasher(),))


async def hash_password(password: str | None) -> str | None:
    """Return the hash of *password*, None for none; made in a thread, for it is slow on purpose."""
    return None if password is None else await run_sync(_HASHER.hash, password)


def verify_password(password: str, password_hash: str) -> bool:
    """Tell whether *password* is the one that *password_hash* was made of."""
    return _HASHER.verify(password, password_hash)
