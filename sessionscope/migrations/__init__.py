"""Running migrations: one process at a time, within limits."""
