"""The page of an incident, and what people do about it there."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from partition_gate.apps.web.access import Access, refuse_other_sites
from partition_gate.apps.web.console import Console, dag_of
from partition_gate.apps.web.readable import readable
from partition_gate.apps.web.responses import Addresses, html
from partition_gate.core.errors import CannotAct, MalformedPartitionKey
from partition_gate.core.units import duration
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.threads import channels_told

# How long a mute lasts, as the form offers it.
SPANS = {"2h": "2 hours", "8h": "8 hours", "1d": "1 day", "3d": "3 days", "7d": "7 days"}
_LONGEST_FORM = 10_000  # bytes


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a form without files."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413, "The form has more text than an action needs.")
    return {name: value.strip() for name, value in parse_qsl(body.decode(errors="replace"), max_num_fields=20)}


Fields = Annotated[dict[str, str], Depends(form_fields)]


def incident_pages(console: Console, access: Access) -> APIRouter:
    """The routes: the incidents, an incident's page, its actions, and the form that runs a partition again."""
    page, router = _IncidentPages(console, access), APIRouter()
    own = [Depends(refuse_other_sites)]
    router.add_api_route("/incidents", page.incidents)
    router.add_api_route("/incidents/{number}", page.incident)
    router.add_api_route("/incidents/{number}/{kind}", page.act, methods=["POST"], dependencies=own)
    router.add_api_route("/runs/{dataset}/{key:path}", page.run, methods=["POST"], dependencies=own)
    return router


class _IncidentPages:
    def __init__(self, console: Console, access: Access) -> None:
        self._console, self._access = console, access

    def incidents(self, request: Request) -> Response:
        return html(request, "incidents.html", incidents=self._readable(request).incidents())

    def incident(self, request: Request, number: int) -> Response:
        found = self._readable(request).incident(number)
        if found is None:
            raise HTTPException(404, f"There is no incident {number}.")
        incident, events, threads, now = found
        return html(
            request,
            "incident.html",
            incident=incident,
            events=events,
            told=[line.removeprefix("told: ") for line in channels_told(threads)],
            now=now,
            spans=SPANS,
            may_act=incident.is_active and self._access.may_act(request, dag_of(self._console, incident.dataset)),
        )

    def act(self, request: Request, number: int, kind: ActionKind, fields: Fields) -> Response:
        found = self._readable(request).incident(number)
        if found is None:
            raise HTTPException(404, f"There is no incident {number}.")
        self._refuse_unless_allowed(request, found.incident.dataset)
        if kind is ActionKind.RESOLVE and not fields.get("why"):
            raise HTTPException(422, "Say why the problem is over: the people in the thread read it.")
        span = duration(fields.get("span", "")) if kind is ActionKind.MUTE else None
        who, why = self._access.visitor(request), fields.get("why", "")
        try:
            action = Action(kind=kind, who=who, why=why, until=found.now + span if span else None)
            self._console.act(number, action)
        except CannotAct as error:
            raise HTTPException(409, str(error)) from error
        return RedirectResponse(Addresses(request).incident(number), status_code=303)

    def run(self, request: Request, dataset: str, key: str, fields: Fields) -> Response:
        self._refuse_unless_allowed(request, dataset)
        if fields.get("action") and not fields.get("why"):
            raise HTTPException(422, "Say why: the reason is kept with your name.")
        params = {name: fields[name] for name in ("action", "why") if fields.get(name)}
        try:
            address = self._access.start_run(request, dag_of(self._console, dataset), key, params)
        except (CannotAct, MalformedPartitionKey) as error:
            raise HTTPException(409, str(error)) from error
        return RedirectResponse(address, status_code=303)

    def _readable(self, request: Request) -> Console:
        return readable(self._console, self._access, request)

    def _refuse_unless_allowed(self, request: Request, dataset: str) -> None:
        if not self._access.may_act(request, dag_of(self._console, dataset)):
            raise HTTPException(403, f"Your role in Airflow may not act on {dataset}.")
