"""Serving and reporting, as every service's commands need them."""
