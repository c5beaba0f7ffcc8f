"""Runs a container in a process that doesn't serve HTTP: a worker, a job or a command."""

# The library's stubs leave type parameters open:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from logging.config import dictConfig
from typing import Any, TypeVar

from dependency_injector import containers

from sessionscope.lifetimes.check import check_container
from sessionscope.lifetimes.lifespan import close_container, open_container
from sessionscope.observe.inspection.answering import Inspection
from sessionscope.observe.logging import logging_config
from sessionscope.settings import LoggingSettings

C = TypeVar("C", bound=containers.DeclarativeContainer)


@asynccontextmanager
async def running(make_container: Callable[[], C]) -> AsyncGenerator[C, None]:
    """Make a container, check it, set up logging according to its settings, open it, and close it at the end.

    Open a scope for each job inside the block: ``async with running(ApplicationContainer) as container, scope(): ...``.

    Args:
        make_container: The class of the container, or a function that returns an instance.

    Raises:
        ContainerError: `check_container` found a fault.
        ConfigurationError: The settings are invalid.
        TeardownError: An object could not be closed. All others were closed.
    """
    container = make_container()
    inspection = None
    try:
        check_container(container)
        _set_up_logging(container)
        await open_container(container)
        inspection = Inspection(container)
        yield container
    finally:
        if inspection is not None:
            inspection.close()
        await close_container(container)


def _set_up_logging(container: Any) -> None:
    settings = getattr(container, "settings", None)
    section = getattr(settings(), "logging", None) if settings is not None else None
    if isinstance(section, LoggingSettings):
        dictConfig(logging_config(section))
