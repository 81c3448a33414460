"""`gate console`: the pages of the console without Airflow, for this machine only."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Annotated

import typer

from partition_gate.apps.cli.signals import Terminated
from partition_gate.wiring import open_ports

_HOST = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(console)


def console(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0: any free port.")] = 8765,
) -> None:
    """Serve the console on this machine, until Ctrl-C. It only reads; nobody is asked to sign in, so it is not shared.

    `/metrics` has the metrics for Prometheus, and `/health` says whether the gate works.
    With Airflow, the console is part of its UI, for everybody whom Airflow lets in.
    """
    import uvicorn
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from partition_gate.apps.web.app import create_app
    from partition_gate.apps.web.wired import WiredMonitoring
    from partition_gate.apps.web.wired import console as wired

    with _listening(port) as listener, open_ports() as ports:
        app = create_app(wired(ports), monitored=WiredMonitoring(ports))
        # A page of another site could otherwise read this one, under a name that it resolves to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[_HOST, "localhost"])
        typer.echo(f"http://{_HOST}:{listener.getsockname()[1]}/  (Ctrl-C stops it)")
        with suppress(KeyboardInterrupt, Terminated):
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()  # who reads the address below may connect at once
    except OSError as error:
        listener.close()
        raise typer.BadParameter(
            f"port {port} cannot be used ({error.strerror}): choose another one, or 0 for any", param_hint="--port"
        ) from error
    return listener
