"""Lifetimes of objects: as long as the process, or as long as a scope (a request, a job or a test)."""
