"""``serve``: the HTTP server."""

import os
import signal
import socket
from typing import Annotated, Any

import typer

from sessionscope.cli.reporting import FAILED, reported
from sessionscope.cli.service import Service


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; the settings' by default.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on, 0 for any; the settings' by default.", min=0, max=65535),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes; the settings' by default.", min=1)] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew whenever the code changes.")] = False,
) -> None:
    """Serve HTTP until Ctrl-C."""
    with reported():
        for name, value in (("HOST", host), ("PORT", port), ("WORKERS", workers)):
            if value is not None:
                # By the environment, which reaches worker processes too.
                os.environ[f"APP_SERVER__{name}"] = str(value)
        _run(context.obj, reload=reload)


def _run(service: Service, *, reload: bool) -> None:
    import uvicorn

    from sessionscope.cli.asgi import check_served
    from sessionscope.fastapi.server.http_parser import http_protocol
    from sessionscope.observe.logging import logging_config

    container = service.build_container()
    # Found here, once, rather than by each worker.
    check_served(container)
    settings = container.settings()
    server = uvicorn.Config(
        _application(service, container, alone=settings.server.workers == 1 and not reload),
        http=http_protocol(),
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        reload=reload,
        timeout_graceful_shutdown=settings.server.shutdown_timeout,
        log_config=logging_config(settings.logging),
        access_log=settings.logging.access,
        # By default the server trusts every client on this machine.
        proxy_headers=bool(settings.server.trusted_proxies),
        forwarded_allow_ips=list(settings.server.trusted_proxies),
    )
    listener = _listen(server)
    address = listener.getsockname()
    url = f"http://{f'[{address[0]}]' if ':' in address[0] else address[0]}:{address[1]}"
    typer.echo(f"Serving on {url}, documented at {url}/docs; Ctrl-C ends it.")
    with listener:
        _serve(server, listener)


def _application(service: Service, container: Any, *, alone: bool) -> Any:
    """Return what uvicorn is to serve: the application over the settings that were checked, or where workers find it.

    A worker, and a process that reload starts, can't be handed an object: each reads the settings once and checks them.
    """
    if not alone:
        return service.app
    from sessionscope.cli.asgi import prepare

    return prepare(service.build_app(container))


def _listen(config: Any) -> socket.socket:
    """Bind before anything is said: the port may be taken, or one that the system chooses."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # By its number: asyncio sends small packets at once only where it is told that this is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
        # A client that reads the address may connect at once: its connection waits until the server accepts it.
        listener.listen(config.backlog)
    except OSError as error:
        listener.close()
        typer.echo(f"can't listen on {config.host}:{config.port}: {error.strerror}; try --port", err=True)
        raise typer.Exit(FAILED) from None
    listener.set_inheritable(True)
    return listener


def _serve(config: Any, listener: socket.socket) -> None:
    from uvicorn.supervisors import ChangeReload, Multiprocess

    from sessionscope.fastapi.server.ending import EndingServer, end_at_once

    server = EndingServer(config)
    try:
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        elif config.workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            server.run(sockets=[listener])
    except KeyboardInterrupt:
        # The server has stopped in good order and raises the signal again: there is nothing to report.
        pass
    # The drivers' threads are all that is waited for from here on.
    signal.signal(signal.SIGINT, end_at_once)
