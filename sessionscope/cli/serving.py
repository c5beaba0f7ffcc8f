"""The ``serve`` command, which runs the HTTP server."""

import os
import signal
import socket
from typing import Annotated, Any

import typer

from sessionscope.cli.reporting import FAILED, reported
from sessionscope.cli.service import Service


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. By default, the value in the settings.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port to listen on. 0 means any free port. By default, the value in the settings.", min=0, max=65535
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of server processes. By default, the value in the settings.", min=1)
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the code changes.")] = False,
) -> None:
    """Serve HTTP until Ctrl-C."""
    with reported():
        for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
            if value is not None:
                # An environment variable reaches worker processes too.
                os.environ[f"APP_SERVER__{name}"] = str(value)
        _run(context.obj, reload=reload)


def _run(service: Service, *, reload: bool) -> None:
    import uvicorn

    from sessionscope.cli.asgi import check_served
    from sessionscope.fastapi.server.http_parser import http_protocol
    from sessionscope.observe.logging import logging_config
    from sessionscope.observe.workers import common_sums

    container = service.build_container()
    # Report faults here once, rather than in each worker.
    check_served(container, service.project)
    settings = container.settings()
    alone = settings.server.workers == 1 and not reload
    server = uvicorn.Config(
        _application(service, container, alone=alone),
        http=http_protocol(),
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        reload=reload,
        timeout_graceful_shutdown=settings.server.shutdown_timeout,
        # For this process, `prepare` has configured it, and it knows whether the application logs its requests.
        log_config=None if alone else logging_config(settings.logging),
        access_log=settings.logging.access,
        # By default, uvicorn trusts every client on this machine.
        proxy_headers=bool(settings.server.trusted_proxies),
        forwarded_allow_ips=list(settings.server.trusted_proxies),
    )
    listener = _listen(server)
    address = listener.getsockname()
    url = f"http://{f'[{address[0]}]' if ':' in address[0] else address[0]}:{address[1]}"
    typer.echo(f"Serving on {url}, documented at {url}/docs. Press Ctrl-C to stop.")
    with listener, common_sums(settings.server.workers):
        _serve(server, listener)


def _application(service: Service, container: Any, *, alone: bool) -> Any:
    """Return what uvicorn serves: the application for *container*, or the name that worker processes import.

    You can't pass an object to a worker or to a process that reload starts. Each of them reads and checks the
    settings once.
    """
    if not alone:
        return service.app
    from sessionscope.cli.asgi import prepare

    return prepare(service.build_app(container), service.project)


def _listen(config: Any) -> socket.socket:
    """Return a listening socket. Until it is bound, the port may be taken, or not chosen yet."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Name the protocol: asyncio disables Nagle's algorithm only for sockets with an explicit TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
        # A client that reads the printed address may connect at once. It waits until the server accepts it.
        listener.listen(config.backlog)
    except OSError as error:
        listener.close()
        typer.echo(f"can't listen on {config.host}:{config.port}: {error.strerror}; try --port", err=True)
        raise typer.Exit(FAILED) from None
    listener.set_inheritable(True)
    return listener


def _serve(config: Any, listener: socket.socket) -> None:
    from uvicorn.supervisors import ChangeReload, Multiprocess

    from sessionscope.fastapi.server.ending import EndingServer, end_at_once, keep_interrupts_from_children

    server = EndingServer(config)
    if config.should_reload or config.workers > 1:
        keep_interrupts_from_children()
    try:
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        elif config.workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            server.run(sockets=[listener])
    except KeyboardInterrupt:
        # The server has shut down gracefully and raises the signal again: there is nothing to report.
        pass
    # From here on, the process only waits for the drivers' threads.
    signal.signal(signal.SIGINT, end_at_once)
