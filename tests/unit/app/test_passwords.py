"""Passwords are kept as argon2id hashes."""

from app.services.passwords import hash_password, verify_password


class TestPasswords:
    async def test_only_the_password_fits_its_hash(self) -> None:
        """A hash tells the right password from others, and doesn't hold it."""
        kept = await hash_password("correct horse \N{PILE OF POO}")
        assert kept is not None
        assert kept.startswith("$argon2id$")
        assert len(kept) <= 255
        assert "correct" not in kept
        assert verify_password("correct horse \N{PILE OF POO}", kept)
        assert not verify_password("correct horse", kept)

    async def test_no_password_has_no_hash(self) -> None:
        """Nothing is no password that somebody could guess."""
        assert await hash_password(None) is None
