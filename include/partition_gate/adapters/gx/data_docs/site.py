"""Data Docs: one page per attempt, rendered by Great Expectations, and our own index."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
from great_expectations.render.components import RenderedDocumentContent
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

from partition_gate.adapters.gx.data_docs.page_view import SafePageView
from partition_gate.adapters.gx.expectations import partition as _registered  # noqa: F401 (our types, known to GX by import)
from partition_gate.core.display import escaped
from partition_gate.gate.local_folders import writing_below
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.documents import without_common_reasons

INDEX_ROWS = 500
_ASSETS = ("docs.css", "docs.js", "vendor/bootstrap-4.3.1/bootstrap.min.css", "vendor/bootstrap-4.3.1/LICENSE.txt")
_STATIC = Path(__file__).parent / "static"
_ATTEMPT_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class GxDocsSite:
    """A folder of static files with relative links: it works from disk without a network, and under any URL prefix.

    `console` is the console's address relative to the site's root, or None; links to it appear only if a server serves
    the pages. Pages and index are replaced atomically, so a reader never sees half of one. If the folder cannot be
    written, NoSpace names it.
    """

    def __init__(self, folder: Path, *, brand: str = "Partition Gate", console: str | None = "../") -> None:
        self._folder = folder
        self._brand = brand
        self._console = console
        self._view = SafePageView()

    def write_page(self, attempt_id: str, document: str, *, title: str) -> str:
        """Write the page of the validator's document, in which hidden values are already replaced by keyed hashes."""
        path = _page_path(attempt_id)
        shown, notes = without_common_reasons(_with_others(json.loads(document)))
        content = _content(shown)
        page = self._view.page(
            content,
            title=escaped(title),
            suite=content.expectation_suite_name or "",
            attempt_id=attempt_id,
            notes=notes,
            root="../../",
            **self._site(),
        )
        self._write(path, page)
        return path

    def write_index(self, settlements: Sequence[Settlement]) -> str:
        """Write `index.html`: the newest 500 settlements, each linked to its page if it has one."""
        newest = sorted(settlements, key=lambda settlement: settlement.settled_at, reverse=True)[:INDEX_ROWS]
        template = self._view.env.get_template("docs_index.html")
        page = template.render(
            title="Data Docs",
            shown=[(settlement, self._existing_page(settlement.attempt_id)) for settlement in newest],
            total=len(settlements),
            root="",
            **self._site(),
        )
        self._write("index.html", page)
        return "index.html"

    def _site(self) -> dict[str, str | None]:
        return {"brand": self._brand, "console": self._console}

    def _existing_page(self, attempt_id: str) -> str | None:
        path = _page_path(attempt_id) if _ATTEMPT_ID.fullmatch(attempt_id) else None
        return path if path and (self._folder / path).is_file() else None

    def _write(self, path: str, text: str) -> None:
        with writing_below(self._folder, setting="GATE_DOCS_FOLDER"):
            for name in _ASSETS:
                _replace(self._folder / "_assets" / Path(name).name, (_STATIC / name).read_bytes())
            _replace(self._folder / path, text.encode())


def _page_path(attempt_id: str) -> str:
    if not _ATTEMPT_ID.fullmatch(attempt_id):
        raise ValueError(f"{attempt_id!r} cannot be a folder name: attempt ids contain only letters, digits, - _ and .")
    return f"attempts/{attempt_id}/index.html"


def _content(document: dict[str, Any]) -> RenderedDocumentContent:
    """GX's sections: the statistics, the table-level checks, then each column. GX's own header has dead links."""
    result = expectationSuiteValidationResultSchema.load(document)
    content: RenderedDocumentContent = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    overview = content.sections[0]
    overview.content_blocks = overview.content_blocks[1:]
    content.sections = [section for section in content.sections if section.section_name != "Run Info"]
    return content


def _with_others(document: dict[str, Any]) -> dict[str, Any]:
    """Add the row count of all other failing values: GX shows counts only if they add up."""
    for check in document.get("results", ()):
        result = check.get("result") or {}
        counts = result.get("partial_unexpected_counts")
        if counts and (others := (result.get("unexpected_count") or 0) - sum(shown["count"] for shown in counts)) > 0:
            result["partial_unexpected_counts"] = [*counts, {"value": "(all other values)", "count": others}]
    return document


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically, unless it already has this content."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)
