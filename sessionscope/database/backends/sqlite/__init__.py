"""Everything that the library does differently for SQLite."""
