"""How long objects live: as long as the process, or as long as a scope (a request, a job, a test)."""
