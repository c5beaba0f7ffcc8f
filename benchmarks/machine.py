"""Describes the machine on which a benchmark ran."""

import os
import platform
import sqlite3
from importlib.metadata import version


def describe(*packages: str) -> str:
    """Return the processor, its cores, the system, Python and the versions of *packages*, in a line."""
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),  # noqa: PTH123, SIM115
        platform.processor(),
    )
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}"
    )
