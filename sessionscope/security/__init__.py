"""Passwords: hashed in threads of their own."""
