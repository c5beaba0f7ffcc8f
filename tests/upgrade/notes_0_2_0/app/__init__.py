"""The service: notes over HTTP."""
