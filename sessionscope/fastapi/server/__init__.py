"""Additions to uvicorn: parsers with limits, and a graceful shutdown."""
