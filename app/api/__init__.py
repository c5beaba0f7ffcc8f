"""The HTTP layer: thin routers over the services.

No `from __future__ import annotations` in this package: injection reads annotations when modules are wired.
"""
