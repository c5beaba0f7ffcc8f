"""The binding to FastAPI: injection, a scope per request, problem details."""
