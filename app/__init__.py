"""The service: users, posts, accounts and transfers over HTTP."""
