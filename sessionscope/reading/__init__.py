"""Reads data for responses: read models, pages and ordering."""
