"""The console as an ASGI app: plain HTML without scripts or content from other hosts."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.params import Depends
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.staticfiles import StaticFiles

from partition_gate.apps.web.access import Access, LocalAccess
from partition_gate.apps.web.console import Console
from partition_gate.apps.web.incident_pages import incident_pages
from partition_gate.apps.web.monitoring import Monitored, monitoring
from partition_gate.apps.web.pages import pages
from partition_gate.apps.web.responses import html
from partition_gate.core.errors import GateError
from partition_gate.presentation.rendering import STYLES

log = logging.getLogger(__name__)

_COMMON = "base-uri 'none'; frame-ancestors 'self'"
PAGE_POLICY = (
    f"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'none'; form-action 'self'; {_COMMON}"
)
_TITLES = {401: "Please sign in", 403: "You do not have access", 404: "Page not found", 409: "Not possible"}
_STEPS = {
    401: "Sign in to Airflow, then open this page again.",
    403: "Ask an Airflow administrator for access.",
    404: "Check the address. In Airflow, what your role may not read is not found either.",
    409: "Go back and reload the page: something may have changed.",
}


def create_app(
    console: Console,
    *,
    access: Access | None = None,
    dependencies: Sequence[Depends] = (),
    monitored: Monitored | None = None,
) -> FastAPI:
    """The app. `dependencies` guard every page, but not the stylesheets. It works below any mount prefix.

    `access`: who may read and act; without it, the person who started the process may do both. `monitored`: what
    `/metrics` and `/health` tell to anybody who can connect; without it, there are no such addresses.
    """
    access = access or LocalAccess()
    app = FastAPI(title="Partition Gate", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=STYLES))
    for router in (pages(console, access), incident_pages(console, access)):
        app.include_router(router, dependencies=list(dependencies))
    if monitored is not None:
        app.include_router(monitoring(monitored))
    app.middleware("http")(_with_headers)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(GateError, _unavailable)
    app.add_exception_handler(Exception, _broken)
    return app


async def _with_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return _protected(request, await call_next(request))


def _protected(request: Request, response: Response) -> Response:
    path = request.url.path.removeprefix(str(request.scope.get("root_path", "")))
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if not path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"
    return response


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    title = _TITLES.get(status, "The request failed")
    step = _STEPS.get(status, "Start with the table of partitions.")
    return html(request, "problem.html", status=status, title=title, detail=detail, next_step=step)


async def _unavailable(request: Request, error: Exception) -> Response:
    """The text of a GateError names the thing and the next step, and contains no value of a row."""
    log.error("page failed path=%s error=%s", request.url.path, error)
    step = "Then reload this page."
    return html(request, "problem.html", status=503, title="Temporarily unavailable", detail=str(error), next_step=step)


async def _broken(request: Request, error: Exception) -> Response:
    """Any other error. Its text may contain values, so only its type is shown; the server logs the rest."""
    detail = f"The page failed with {type(error).__name__}."
    step = "The cause is in the server's log. `gate status` shows the partitions in a terminal."
    page = html(request, "problem.html", status=500, title="Error in the console", detail=detail, next_step=step)
    return _protected(request, page)  # this handler runs outside the middleware
