"""Lineage in words: one line for each artifact of an attempt, and for what judged it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from partition_gate.core.display import PATH_LENGTH, SENTENCE_LENGTH, counted, displayed
from partition_gate.judging.lineage import (
    CorrectedRows,
    DiscardedRows,
    Execution,
    Input,
    LandedFile,
    Output,
    PublishedRows,
    ReferencedVersion,
    RowsInQuarantine,
    UnlistedFiles,
)

# A partition may have thousands of files; the JSON document names them all.
FILES_SHOWN = 20
_HASH_LENGTH = 12
_SOFTWARE = {"partition_gate": "Partition Gate", "great_expectations": "Great Expectations", "duckdb": "DuckDB"}


class Line(NamedTuple):
    """What a line is about, and what it says. `attempt` or `dataset` is what it names, for a link; empty if nothing."""

    about: str
    text: str
    attempt: str = ""
    dataset: str = ""


def lines(execution: Execution) -> Iterator[Line]:
    """What people are told about an attempt, from its rows to where they went."""
    yield Line("when", _when(execution))
    yield from _sources(execution)
    yield from map(_input, (each for each in execution.inputs if isinstance(each, ReferencedVersion)))
    yield from _context(execution)
    yield from (_output(each) for each in execution.outputs)


def consumers_line(asset: str, consumers: tuple[str, ...] | None) -> Line:
    """Who is scheduled by the asset of a dataset, or that nobody knows here."""
    if consumers is None:
        return Line("consumers", f"not known without Airflow; its asset is {asset}")
    return Line("consumers", ", ".join(consumers) or f"no DAG in this Airflow follows the asset {asset}")


def _when(execution: Execution) -> str:
    at = f"{execution.started_at or execution.settled_at:%Y-%m-%d %H:%M} UTC"
    if execution.made_from:
        what = "rolled back" if execution.is_rollback else "replayed"
        return f"{at}, {what} by {_plain(execution.who)}: {_plain(execution.why)}"
    return f"{at}, run by {_plain(execution.process)}" if execution.process else at


def _sources(execution: Execution) -> Iterator[Line]:
    rows_read = [each for each in execution.inputs if not isinstance(each, ReferencedVersion)]
    yield from map(_input, rows_read[:FILES_SHOWN])
    if (more := len(rows_read) - FILES_SHOWN) > 0:
        yield Line("from", f"{counted(more, 'more file')}, which the JSON document names")
    if not rows_read:
        yield Line("from", "nothing: no file was judged")


def _input(each: Input) -> Line:
    match each:
        case LandedFile():
            size = f"{counted(each.size_bytes, 'byte')}, landed {each.landed_at:%Y-%m-%d %H:%M} UTC"
            return Line("from", f"{displayed(each.path, limit=PATH_LENGTH)} ({size})")
        case UnlistedFiles():
            return Line(
                "from", f"landed files, of which no list is kept; fingerprint {each.fingerprint[:_HASH_LENGTH]}"
            )
        case PublishedRows():
            return Line("from", f"{counted(each.rows, 'row')} that {each.attempt_id} published", each.attempt_id)
        case RowsInQuarantine():
            return Line("from", f"{counted(each.rows, 'row')} in the quarantine of {each.attempt_id}", each.attempt_id)
        case CorrectedRows():
            return Line("from", f"{counted(each.rows, 'row')} of a corrected file: {_plain(each.change)}")
        case ReferencedVersion():
            return Line("against", _version(each), each.attempt_id or "", each.dataset)


def _version(each: ReferencedVersion) -> str:
    if each.attempt_id is None:
        return f"the published partitions of {each.dataset}, version {each.version[:_HASH_LENGTH]}"
    return f"{each.dataset}, table version {each.table_version}, by {each.attempt_id}"


def _context(execution: Execution) -> Iterator[Line]:
    context = execution.context
    suite = f", suite {context.suite_hash[:_HASH_LENGTH]}" if context.suite_hash else ""
    yield Line("judged by", f"contract {context.contract} {_plain(context.version)}{suite}")
    if context.software:
        versions = (f"{_SOFTWARE.get(name, name)} {version}" for name, version in context.software.items())
        yield Line("with", ", ".join(versions))


def _output(each: Output) -> Line:
    match each:
        case PublishedRows():
            return Line("into", f"{counted(each.rows, 'row')}: version {each.table_version} of the table {each.table}")
        case RowsInQuarantine():
            folder = f": {displayed(each.uri, limit=PATH_LENGTH)}" if each.uri else ""
            return Line("into", f"quarantine, {counted(each.rows, 'row')}{folder}")
        case DiscardedRows():
            return Line(
                "into", f"nowhere, {counted(each.rows, 'row')} discarded by {_plain(each.who)}: {_plain(each.why)}"
            )


def _plain(text: str) -> str:
    return displayed(text, limit=SENTENCE_LENGTH)
