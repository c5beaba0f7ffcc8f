"""The ``worker`` command, which does jobs until it is told to stop."""

import asyncio
import os
import signal
from typing import Annotated, Any, Final

import typer

from sessionscope.cli.reporting import FAILED, reported
from sessionscope.cli.service import Service

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def work(
    context: typer.Context,
    concurrency: Annotated[
        int | None,
        typer.Option(help="How many jobs run at a time at most. By default, the value in the settings.", min=1),
    ] = None,
) -> None:
    """Do jobs until Ctrl-C."""
    with reported():
        cancelled = asyncio.run(_work(context.obj, concurrency))
    if cancelled:
        raise typer.Exit(FAILED)


async def _work(service: Service, concurrency: int | None) -> int:
    from sessionscope.cli.existing import refuse_private_databases, require_files
    from sessionscope.process import running
    from sessionscope.settings import WorkerSettings
    from sessionscope.worker import run_worker

    def build_container() -> Any:
        container = service.build_container()
        refuse_private_databases(container, service.project)
        require_files(container, service.project)
        return container

    async with running(build_container) as container:
        settings = getattr(container.settings(), "worker", None) or WorkerSettings()
        at_a_time = concurrency or settings.concurrency
        stop = _stop_at_signals()
        typer.echo(f"Working on {at_a_time} jobs at a time. Press Ctrl-C to stop.")
        return await run_worker(
            container,
            service.find_worker(),
            stop=stop,
            concurrency=at_a_time,
            shutdown_timeout=settings.shutdown_timeout,
        )


def _stop_at_signals() -> asyncio.Event:
    """Return an event that the first signal sets. The second Ctrl-C ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def handle(number: int) -> None:
        if stop.is_set() and number == signal.SIGINT:
            # The database rolls back what is open, and each job becomes due again.
            os._exit(128 + signal.SIGINT)
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, handle, number)
    return stop
