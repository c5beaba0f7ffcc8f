"""Integration with FastAPI: injection, a scope per request, and problem details."""
