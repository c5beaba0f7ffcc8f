"""Runs migrations, one process at a time and within limits."""
