"""A page that shows what happens in a service: pools, statements, wiring, health and settings."""

from sessionscope.observe.console.router import build_console_router

__all__ = ["build_console_router"]
