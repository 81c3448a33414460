"""Addresses of the console's pages: absolute paths below the prefix that it is mounted under."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request

from partition_gate.judging.attempt import Settlement


class Addresses:
    """Links for one request; the prefix is the ASGI root path (`/gate` inside Airflow, else empty)."""

    def __init__(self, request: Request) -> None:
        path = str(request.scope.get("root_path", "")).strip("/")
        self.prefix = f"/{path}" if path else ""

    def static(self, name: str) -> str:
        return f"{self.prefix}/static/{name}"

    def overview(self, **view: str | None) -> str:
        """The table; `dataset`, `from_` and `to` choose a part of it."""
        chosen = {name.rstrip("_"): value for name, value in view.items() if value}
        return f"{self.prefix}/" + (f"?{urlencode(chosen)}" if chosen else "")

    def partition(self, settlement: Settlement) -> str:
        key = quote(settlement.partition_key, safe="/")
        return f"{self.prefix}/partitions/{quote(settlement.dataset, safe='')}/{key}"

    def attempt(self, attempt_id: str) -> str:
        return f"{self.prefix}/attempts/{quote(attempt_id, safe='')}"

    def contract(self, contract_id: str) -> str:
        return f"{self.prefix}/contracts/{quote(contract_id, safe='')}"

    def quarantine(self, attempt_id: str) -> str:
        return f"{self.prefix}/quarantine/{quote(attempt_id, safe='')}"

    def docs(self, path: str = "index.html") -> str:
        return f"{self.prefix}/docs/{quote(path)}"

    def inbox(self) -> str:
        return f"{self.prefix}/inbox"
