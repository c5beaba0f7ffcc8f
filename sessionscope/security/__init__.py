"""Password hashing in dedicated threads."""
