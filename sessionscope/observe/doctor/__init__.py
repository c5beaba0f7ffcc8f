"""Checks a service and the places where it runs, for the command `doctor`. A service may add checks of its own."""

from sessionscope.database.backends.diagnosis import Status
from sessionscope.observe.doctor.examining import add_check
from sessionscope.observe.doctor.findings import Finding
from sessionscope.observe.doctor.subjects import ExaminedService

__all__ = ["ExaminedService", "Finding", "Status", "add_check"]
