"""The pages of the console. Each function collects the data for its template."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ConfigDict

from partition_gate.apps.web.access import Access
from partition_gate.apps.web.console import Console, dag_of
from partition_gate.apps.web.contract_details import clauses_by_line
from partition_gate.apps.web.dataset_page import dataset_page
from partition_gate.apps.web.overview import Filters
from partition_gate.apps.web.partition_page import (
    asks,
    conversations,
    csv_of,
    differences,
    failing_cells,
    failures_first,
)
from partition_gate.apps.web.readable import readable
from partition_gate.apps.web.responses import Addresses, html
from partition_gate.core.names import qualified_name
from partition_gate.core.record import Record
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.report import has_report
from partition_gate.judging.verdict import told_by_no_check
from partition_gate.presentation.lineage import lines

SAMPLE_ROWS, CSV_ROWS = 100, 10_000
_MOST_PAGES = 10_000
MESSAGES_SHOWN = 50


class Asked(Record):
    """The query of the overview; an unusable value counts as not given."""

    model_config = ConfigDict(extra="ignore")

    q: str = ""
    domain: str = ""
    owner: str = ""
    problems: str = ""
    page: str = ""
    last: str = ""

    def filters(self) -> Filters:
        page = int(self.page) if self.page.isascii() and self.page.isdigit() else 1
        return Filters(
            text=self.q.strip(),
            domain=self.domain,
            owner=self.owner,
            only_problems=bool(self.problems),
            page=max(1, min(page, _MOST_PAGES)),
            last=_date(self.last),
        )

    def changed(self, **parts: object) -> dict[str, object]:
        """The query with other parts. A change of the days stays on the page of datasets, and the other way round."""
        return {**self.model_dump(), **parts}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def pages(console: Console, access: Access) -> APIRouter:
    """The routes of the console. They are plain functions, so the server runs them in threads."""
    page = ConsolePages(console, access)
    router = APIRouter(default_response_class=HTMLResponse)
    router.add_api_route("/", page.overview)
    router.add_api_route("/partitions/{name:path}", page.partition)
    router.add_api_route("/attempts/{attempt_id:path}", page.attempt)
    router.add_api_route("/datasets/{name:path}", page.dataset)
    router.add_api_route("/contracts/{contract_id:path}", page.contract)
    router.add_api_route("/quarantine/{attempt_id:path}", page.quarantine)
    router.add_api_route("/rows/{attempt_id:path}", page.quarantine_csv)
    router.add_api_route("/inbox", page.inbox)
    router.add_api_route("/dags/{dag_id}", page.dag)
    router.add_api_route("/docs", page.docs)
    router.add_api_route("/docs/{path:path}", page.docs_file)
    return router


class ConsolePages:
    """One method per page. Raises HTTPException(404) if the requested thing does not exist."""

    def __init__(self, console: Console, access: Access) -> None:
        self._console, self._access = console, access

    def overview(self, request: Request, asked: Annotated[Asked, Query()]) -> Response:
        console, filters = self._readable(request), asked.filters()
        return html(
            request,
            "overview.html",
            table=console.overview(filters),
            filters=filters,
            filters_with=asked.changed,
            broken=console.broken_contracts(),
            watch_problem=console.watch_problem(),
            undelivered=console.undelivered(),
        )

    def dataset(self, request: Request, name: str, last: Annotated[str | None, Query(alias="to")] = None) -> Response:
        history = self._readable(request).dataset(name, up_to=last or None)
        if history is None:
            return self._recorded(request, name)
        return html(
            request,
            "dataset.html",
            history=history,
            page=dataset_page(history),
            is_newest=not last,
            watch_problem=self._console.watch_problem(),
            consumers=self._access.consumers(name),
        )

    def _recorded(self, request: Request, name: str) -> Response:
        """The page of a dataset whose contract is broken or gone."""
        settlements = self._readable(request).recorded(name)
        if not settlements:
            raise HTTPException(404, f"There is no dataset {name}.")
        return html(request, "recorded.html", name=name, settlements=settlements)

    def partition(self, request: Request, name: str) -> Response:
        console = self._readable(request)
        settlement = next(filter(None, (console.outcome(*names) for names in _splits(name))), None)
        if settlement is None:
            raise HTTPException(404, f"Nothing is recorded for the partition {name}.")
        return self._partition(request, settlement, newest=settlement)

    def attempt(self, request: Request, attempt_id: str) -> Response:
        settlement = _settlement(self._readable(request), attempt_id)
        newest = self._console.outcome(settlement.dataset, settlement.partition_key)
        return self._partition(request, settlement, newest=newest or settlement)

    def contract(self, request: Request, contract_id: str) -> Response:
        """The page of a contract; `contract_id` may also be the name of one of its datasets."""
        console = self._readable(request)
        summaries = console.contracts()
        owner = {each.dataset: each.id for each in summaries} | {each.id: each.id for each in summaries}
        name = owner.get(contract_id, contract_id)
        text = console.contract_text(name)
        if text is None:
            raise HTTPException(404, f"There is no contract {contract_id}.")
        own = [each for each in summaries if each.id == name]
        details = console.contract_details(name) if own else None
        return html(
            request,
            "contract.html",
            id=name,
            lines=text.splitlines(),
            datasets=own,
            broken=next((each for each in console.broken_contracts() if each.id == name), None),
            details=details,
            clauses_at=clauses_by_line(details) if details else {},
        )

    def quarantine(self, request: Request, attempt_id: str) -> Response:
        settlement = self._with_rows(request, attempt_id)
        sample = self._console.quarantine_sample(attempt_id, limit=SAMPLE_ROWS)
        name = _name_in_commands(self._console, settlement)
        cells = failing_cells(sample) if sample else []
        return html(request, "quarantine.html", settlement=settlement, sample=sample, cells=cells, name=name)

    def quarantine_csv(self, request: Request, attempt_id: str) -> Response:
        """The first rows as a file, masked like the page."""
        self._with_rows(request, attempt_id)
        sample = self._console.quarantine_sample(attempt_id, limit=CSV_ROWS)
        if sample is None:
            raise HTTPException(404, f"The attempt {attempt_id} quarantined nothing.")
        headers = {"Content-Disposition": f'attachment; filename="{quote(attempt_id, safe="")}.csv"'}
        return Response(csv_of(sample), media_type="text/csv; charset=utf-8", headers=headers)

    def inbox(self, request: Request) -> Response:
        shown = conversations(self._readable(request).messages())
        return html(request, "inbox.html", messages=shown[:MESSAGES_SHOWN], total=len(shown))

    def dag(self, request: Request, dag_id: str) -> Response:
        """The tab on a DAG in Airflow: the page of the DAG's dataset."""
        own = next((each for each in self._readable(request).contracts() if each.dag == dag_id), None)
        return RedirectResponse(Addresses(request).dataset(own.dataset) if own else Addresses(request).overview())

    def docs(self, request: Request) -> Response:
        return RedirectResponse(Addresses(request).docs(), status_code=307)

    def docs_file(self, request: Request, path: str) -> Response:
        path = path or "index.html"
        content = self._readable(request).docs_file(path)
        if content is None:
            raise HTTPException(404, "There is no such report yet. `gate docs` writes the index of all reports.")
        kind = "text/css" if path.endswith(".css") else "text/html"
        return Response(content, media_type=f"{kind}; charset=utf-8")

    def _readable(self, request: Request) -> Console:
        return readable(self._console, self._access, request)

    def _with_rows(self, request: Request, attempt_id: str) -> Settlement:
        """An attempt whose quarantined rows the visitor may see."""
        settlement = _settlement(self._readable(request), attempt_id)
        if not self._access.may_act(request, dag_of(self._console, settlement.dataset)):
            raise HTTPException(403, f"Rows of {settlement.dataset} are shown to those who may act on it.")
        return settlement

    def _partition(self, request: Request, settlement: Settlement, *, newest: Settlement) -> Response:
        console, dag = self._console, dag_of(self._console, settlement.dataset)
        may_act = self._access.may_act(request, dag)
        page = f"attempts/{settlement.attempt_id}/index.html"
        attempts = console.attempts(settlement.dataset, settlement.partition_key)
        results = console.results(settlement.attempt_id)
        return html(
            request,
            "partition.html",
            settlement=settlement,
            name=_name_in_commands(console, settlement),
            newest=newest,
            attempts=attempts,
            differences=differences(attempts),
            results=failures_first(results),
            why=told_by_no_check(settlement.why, results),
            messages=conversations(console.messages(settlement.attempt_id)),
            lineage=console.lineage(settlement),
            origin_lines=lines,
            consumers=self._access.consumers(settlement.dataset) if self._access.starts_runs else None,
            docs_page=page if has_report(settlement) else None,
            may_run=self._access.starts_runs and may_act,
            may_see_rows=may_act,
            last_run=self._access.last_run(dag, settlement.partition_key),
            asks=asks(settlement, attempts) if newest.attempt_id == settlement.attempt_id else (),
        )


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """Every dataset and key that a name may mean: both may contain slashes."""
    parts = name.split("/")
    return (("/".join(parts[:i]), "/".join(parts[i:])) for i in range(1, len(parts)))


def _name_in_commands(console: Console, settlement: Settlement) -> str:
    """`orders`, or `shop/orders` if the contract has other datasets too."""
    datasets = {each.dataset for each in console.contracts() if each.id == settlement.contract}
    return qualified_name(settlement.contract, settlement.dataset, is_only=datasets <= {settlement.dataset})


def _settlement(console: Console, attempt_id: str) -> Settlement:
    settlement = console.settlement(attempt_id)
    if settlement is None:
        raise HTTPException(404, f"There is no finished attempt {attempt_id}.")
    return settlement


def _inside(folder: Path, path: str) -> Path | None:
    """The file below the folder, with links resolved; None if it does not exist or is outside the folder."""
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # not a valid file name
        return None
