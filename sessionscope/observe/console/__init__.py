"""A page that shows what happens in a service: pools, statements, wiring, health and settings."""
