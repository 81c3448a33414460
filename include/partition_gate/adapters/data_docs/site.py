"""Data Docs in a local folder or in S3: one page per attempt, one per dataset and month, and an index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from partition_gate.adapters.data_docs.report_page import report_page
from partition_gate.adapters.storage import Storage, StoredFile
from partition_gate.core.units import Month
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.report import AttemptReport, has_report
from partition_gate.judging.retention import Files
from partition_gate.presentation.rendering import STYLES, environment

INDEX = "index.html"
_DOCUMENT = "result.json"  # beside the page
_ON_A_PAGE = 60  # attempts: a page has at most 119, in less than 80 kB
_STYLE = "_assets/gate.css"
_TEMPLATES = environment(Path(__file__).parent / "templates")
_ATTEMPT_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_MONTH = re.compile(r"(\d{4})-(\d{2})\.html")


class MonthPage(NamedTuple):
    """A page of a month: the name of its file, and its attempts, the newest last."""

    name: str
    settlements: Sequence[Settlement]

    @property
    def words(self) -> str:
        """The time that it covers: `2026-11-01 00:05 to 2026-11-04 03:59`."""
        first, last = self.settlements[0].settled_at, self.settlements[-1].settled_at
        return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def load_templates() -> None:
    """Compile all templates, so that no process that is forked later spends time on it with its first page."""
    for name in _TEMPLATES.list_templates(extensions=["html"]):
        _TEMPLATES.get_template(name)


class StaticDocsSite:
    """Pages with relative links and without scripts: they work from disk, without a network and below any prefix.

    A page is replaced as a whole, so a reader never sees half of one. If the folder cannot be written, the error names
    its setting.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage, self._has_style = storage, False

    def write_report(self, report: AttemptReport) -> str:
        settlement = report.settlement
        path = report_path(settlement.attempt_id)
        if report.document is not None:
            self._storage.put(f"{path.removesuffix(INDEX)}{_DOCUMENT}", report.document.encode())
        month = _month_path(settlement.dataset, Month.of(settlement.settled_at))
        shown = {"report": report, "settlement": settlement, "page": report_page(report)}
        self._put(path, "report.html", month=month, document=_DOCUMENT, **shown)
        return path

    def write_month(
        self, dataset: str, month: Month, settlements: Sequence[Settlement], *, whole: bool = False
    ) -> None:
        path = _month_path(dataset, month)
        is_first = self._storage.find(path) is None
        parts = _parts(settlements)
        pages = [MonthPage(_part_name(month, number, parts), part) for number, part in enumerate(parts, start=1)]
        for page in pages if whole else self._changed(dataset, pages):
            shown = {"page": page, "pages": pages[::-1], "attempts": len(settlements), "page_of": _page_of}
            self._put(f"datasets/{dataset}/{page.name}", "month.html", dataset=dataset, month=month, **shown)
        if not is_first:
            return
        months = self._months(f"datasets/{dataset}").get(dataset, [month])
        self._write_dataset(dataset, months)
        if months == [month]:
            self._write_datasets(self._months("datasets"))

    def _changed(self, dataset: str, pages: Sequence[MonthPage]) -> Iterator[MonthPage]:
        """The pages that are full and not written yet, then the newest one, which links to them.

        A full page does not change: the end of the last one is `_ON_A_PAGE` attempts ago, and no attempt that is
        settled now comes before them. After a kill or a backfill, several are missing, and none before one that is
        there.
        """
        full = pages[:-1]
        written = (at for at in range(len(full), 0, -1) if self._has_page(dataset, full[at - 1]))
        yield from full[next(written, 0) :]
        yield pages[-1]

    def _has_page(self, dataset: str, page: MonthPage) -> bool:
        return self._storage.find(f"datasets/{dataset}/{page.name}") is not None

    def write_index(self) -> str:
        months = self._months("datasets")
        for dataset, own in months.items():
            self._write_dataset(dataset, own)
        self._write_datasets(months)
        return INDEX

    def report_files(self, attempt_id: str) -> Files:
        found = self._report(attempt_id)
        return Files(count=len(found), size_bytes=sum(file.size_bytes for file in found))

    def remove_report(self, attempt_id: str, *, dataset: str, kept: timedelta) -> Files:
        """The page stays as one sentence of 1 kB, because reports, messages and bookmarks link to it."""
        files, page = self.report_files(attempt_id), report_path(attempt_id)
        if files.count:
            self._storage.delete(f"{page.removesuffix(INDEX)}{_DOCUMENT}")
            days = f"{kept / timedelta(days=1):g}"
            self._put(page, "removed.html", attempt_id=attempt_id, dataset=dataset, days=days)
        return files

    def remove_months(self, before: Month) -> int:
        months = self._months("datasets")
        old = {dataset: [month for month in own if month < before] for dataset, own in months.items()}
        for dataset, gone in old.items():
            if gone:
                self._remove_pages(dataset, gone)
                self._write_dataset(dataset, [month for month in months[dataset] if month >= before])
        if any(old.values()):
            self._write_datasets(self._months("datasets"))
        return sum(map(len, old.values()))

    def read(self, path: str) -> bytes | None:
        return self._storage.get(path) if self._is_inside(path) else None

    def _is_inside(self, path: str) -> bool:
        """A path of the site, which no link in a local folder leads out of."""
        if not all(part not in {"", ".", ".."} for part in path.split("/")) or "\\" in path or "\0" in path:
            return False
        if not self._storage.is_local:
            return True
        root = Path(self._storage.root).resolve()
        file = (root / path).resolve()
        return file.is_file() and file.is_relative_to(root)

    def address(self, path: str) -> str:
        uri = self._storage.uri(path)
        return Path(uri).absolute().as_uri() if self._storage.is_local else uri

    def _remove_pages(self, dataset: str, months: Sequence[Month]) -> None:
        old = {str(month) for month in months}
        for file in list(self._storage.listing(f"datasets/{dataset}")):
            if PurePosixPath(file.path).name.partition(".")[0] in old:
                self._storage.delete(file.path)

    def _report(self, attempt_id: str) -> list[StoredFile]:
        page = report_path(attempt_id)
        return list(self._storage.listing(page.removesuffix(f"/{INDEX}")))

    def _write_dataset(self, dataset: str, months: Sequence[Month]) -> None:
        self._put(_dataset_path(dataset), "dataset.html", dataset=dataset, months=months)

    def _write_datasets(self, months: dict[str, list[Month]]) -> None:
        self._put(INDEX, "index.html", newest={dataset: own[0] for dataset, own in months.items()})

    def _months(self, folder: str) -> dict[str, list[Month]]:
        """The months that have a page, newest first, by dataset in order of its name."""
        found: dict[str, list[Month]] = {}
        for file in self._storage.listing(folder):
            path = PurePosixPath(file.path)
            if match := _MONTH.fullmatch(path.name):
                found.setdefault(path.parent.name, []).append(Month(int(match[1]), int(match[2])))
        return {dataset: sorted(found[dataset], reverse=True) for dataset in sorted(found)}

    def _put(self, path: str, template: str, **shown: Any) -> None:
        self._write_style()
        root = "../" * path.count("/")
        page = _TEMPLATES.get_template(template).render(root=root, style=_STYLE, **shown)
        self._storage.put(path, page.encode())

    def _write_style(self) -> None:
        """Once for a site: the pages share it."""
        style = (STYLES / "gate.css").read_bytes()
        if not self._has_style and self._storage.get(_STYLE) != style:
            self._storage.put(_STYLE, style)
        self._has_style = True


def report_path(attempt_id: str) -> str:
    """The path of an attempt's page. Raises: ValueError, if the id cannot be the name of a folder."""
    if not _ATTEMPT_ID.fullmatch(attempt_id):
        raise ValueError(f"{attempt_id!r} cannot be a folder name: attempt ids contain only letters, digits, - _ and .")
    return f"attempts/{attempt_id}/{INDEX}"


def _page_of(settlement: Settlement) -> str | None:
    is_named = _ATTEMPT_ID.fullmatch(settlement.attempt_id)
    return report_path(settlement.attempt_id) if is_named and has_report(settlement) else None


def _month_path(dataset: str, month: Month) -> str:
    return f"datasets/{dataset}/{month}.html"


def _parts(settlements: Sequence[Settlement]) -> list[Sequence[Settlement]]:
    """The attempts of a month in groups of `_ON_A_PAGE`, of which the last has up to twice as many."""
    begins = range(0, max(len(settlements) - _ON_A_PAGE, 0) + 1, _ON_A_PAGE)
    ends = [*begins[1:], len(settlements)]
    return [settlements[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _part_name(month: Month, number: int, parts: Sequence[object]) -> str:
    """The newest part has the name of the month, so that its address never changes; the others are numbered."""
    return f"{month}.html" if number == len(parts) else f"{month}.{number}.html"


def _dataset_path(dataset: str) -> str:
    return f"datasets/{dataset}/{INDEX}"
