"""How every page is answered: its template, and the addresses that it links to."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from partition_gate.judging.attempt import Settlement
from partition_gate.presentation.rendering import environment

_TEMPLATES = environment(Path(__file__).parent / "templates")


def html(request: Request, template: str, *, status: int = 200, **shown: object) -> HTMLResponse:
    """A rendered page; every value is escaped."""
    page = _TEMPLATES.get_template(template)
    return HTMLResponse(page.render(to=Addresses(request), **shown), status_code=status)


class Addresses:
    """Builds the links for one request. The prefix is the ASGI root path (`/gate` inside Airflow, else empty)."""

    def __init__(self, request: Request) -> None:
        path = str(request.scope.get("root_path", "")).strip("/")
        self.prefix = f"/{path}" if path else ""

    def static(self, name: str) -> str:
        return f"{self.prefix}/static/{name}"

    def overview(self, **filters: object) -> str:
        """The table of datasets."""
        query = {name: value for name, value in filters.items() if value}
        return f"{self.prefix}/" + (f"?{urlencode(query)}" if query else "")

    def dataset(self, name: str, **view: str | None) -> str:
        """The page of a dataset; `to` is the last partition shown."""
        query = {key: value for key, value in view.items() if value}
        return f"{self.prefix}/datasets/{quote(name, safe='')}" + (f"?{urlencode(query)}" if query else "")

    def partition(self, settlement: Settlement, key: str | None = None) -> str:
        """The page of the settlement's partition, or of another one of its dataset."""
        return self.of(settlement.dataset, settlement.partition_key if key is None else key)

    def of(self, dataset: str, key: str) -> str:
        """The page of a partition by its key."""
        return f"{self.prefix}/partitions/{quote(dataset, safe='')}/{quote(key, safe='/')}"

    def attempt(self, attempt_id: str) -> str:
        return f"{self.prefix}/attempts/{quote(attempt_id, safe='')}"

    def contract(self, contract_id: str) -> str:
        return f"{self.prefix}/contracts/{quote(contract_id, safe='')}"

    def quarantine(self, attempt_id: str) -> str:
        return f"{self.prefix}/quarantine/{quote(attempt_id, safe='')}"

    def rows(self, attempt_id: str) -> str:
        return f"{self.prefix}/rows/{quote(attempt_id, safe='')}"

    def docs(self, path: str = "index.html") -> str:
        return f"{self.prefix}/docs/{quote(path)}"

    def inbox(self) -> str:
        return f"{self.prefix}/inbox"

    def incidents(self) -> str:
        return f"{self.prefix}/incidents"

    def incident(self, number: int) -> str:
        return f"{self.prefix}/incidents/{number}"

    def run(self, dataset: str, key: str) -> str:
        """Where a form asks for a new run of a partition."""
        return f"{self.prefix}/runs/{quote(dataset, safe='')}/{quote(key, safe='/')}"
