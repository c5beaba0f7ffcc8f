"""Business rules: services own the transaction, and know neither HTTP nor the container."""
