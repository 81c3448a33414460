"""An attempt as OpenLineage run events: START, and COMPLETE, ABORT or FAIL. Pure.

Source: OpenLineage 2-0-2, and the versions of its facets in `_FACETS`. No value of a row is in an event.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime

from partition_gate import __version__
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.core.table import TableColumn
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome
from partition_gate.judging.lineage import Execution, LandedFile, PublishedRows, ReferencedVersion
from partition_gate.judging.verdict import CheckOutcome, CheckResult

# Jobs are named in it, and tables too: consumers query them by name, wherever their files are.
NAMESPACE = "partition-gate"
PRODUCER = f"https://pypi.org/project/partition-gate/{__version__}"
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataQualityAssertions": "1-1-0/DataQualityAssertionsDatasetFacet",
    "inputStatistics": "1-0-0/InputStatisticsInputDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
}
# Data that fails is an outcome of a run that worked; it is in the assertions.
_ENDS = {PartitionOutcome.ERRORED: "FAIL", PartitionOutcome.MISSING: "FAIL", PartitionOutcome.SUPERSEDED: "ABORT"}
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.INFO: "info"}
_Json = dict[str, Any]


class Judged(Record):
    """What the events of an attempt are made from.

    `job` is the dataset's name in commands, `landing` the root of its files (a URI or a local folder), `read` the
    columns of its files and `published` those of its table: the same columns in the same order.
    """

    execution: Execution
    why: tuple[str, ...]
    rows_in: int
    results: tuple[CheckResult, ...]
    job: str
    table: str
    landing: str
    owner: str
    read: tuple[TableColumn, ...]
    published: tuple[TableColumn, ...]


def run_events(judged: Judged) -> tuple[_Json, _Json]:
    """The events of the start and the end of an attempt. They have the same run id each time that they are made."""
    execution = judged.execution
    begun = execution.started_at or execution.settled_at
    end = _ENDS.get(execution.outcome, "COMPLETE")
    return _event("START", begun, judged), _event(end, execution.settled_at, judged)


def _event(kind: str, at: AwareDatetime, judged: Judged) -> _Json:
    has_ended = kind != "START"
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "run": {"runId": _run_id(judged.execution), "facets": _run_facets(judged, has_failed=kind == "FAIL")},
        "job": {"namespace": NAMESPACE, "name": judged.job},
        "inputs": list(_inputs(judged, has_ended=has_ended)),
        "outputs": [_output(judged)] if has_ended and judged.execution.outcome in VISIBLE else [],
        "producer": PRODUCER,
        "schemaURL": _EVENT,
    }


def _run_id(execution: Execution) -> str:
    begun = execution.started_at or execution.settled_at
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:{execution.attempt_id}:{begun.isoformat()}"))


def _run_facets(judged: Judged, *, has_failed: bool) -> _Json:
    engine = {"name": "Partition Gate", "version": __version__, "openlineageAdapterVersion": __version__}
    found = {"processing_engine": _facet("processing_engine", engine)}
    if has_failed:
        message = {"message": "; ".join(judged.why) or judged.execution.outcome.value, "programmingLanguage": "Python"}
        found["errorMessage"] = _facet("errorMessage", message)
    return found


def _inputs(judged: Judged, *, has_ended: bool) -> Iterable[_Json]:
    """The landed files as one dataset, and the datasets that foreign keys refer to.

    Rows of an older attempt come from landing, too: by that attempt's own events.
    """
    landed = {**_name(judged.landing), "facets": {"schema": _schema(judged.read, named="source")}}
    yield {**landed, "inputFacets": _input_facets(judged)} if has_ended else landed
    for each in judged.execution.inputs:
        if isinstance(each, ReferencedVersion):
            yield {"namespace": NAMESPACE, "name": each.dataset}


def _input_facets(judged: Judged) -> _Json:
    files = [each for each in judged.execution.inputs if isinstance(each, LandedFile)]
    sizes = {"fileCount": len(files), "size": sum(each.size_bytes for each in files)} if files else {}
    facets = {"inputStatistics": _facet("inputStatistics", {"rowCount": judged.rows_in, **sizes})}
    if judged.results:
        columns = {column.name: column.source for column in judged.read}
        assertions = [_assertion(result, columns) for result in judged.results]
        facets["dataQualityAssertions"] = _facet("dataQualityAssertions", {"assertions": assertions})
    return facets


def _assertion(result: CheckResult, columns: Mapping[str, str]) -> _Json:
    """A check that could not be judged did not succeed: nobody may take it for kept."""
    column = columns.get(result.rule_id.partition(".")[0])
    return {
        "assertion": result.expectation,
        "name": result.rule_id,
        "success": result.outcome is CheckOutcome.PASSED,
        "severity": _SEVERITIES[result.severity],
        **({"column": column} if column else {}),
    }


def _output(judged: Judged) -> _Json:
    rows = sum(each.rows for each in judged.execution.outputs if isinstance(each, PublishedRows))
    facets = {
        "schema": _schema(judged.published, named="name"),
        "columnLineage": _facet("columnLineage", {"fields": _column_lineage(judged)}),
    }
    if judged.owner:
        owners = [{"name": judged.owner, "type": "OWNER"}]
        facets["ownership"] = _facet("ownership", {"owners": owners})
    counted = {"outputStatistics": _facet("outputStatistics", {"rowCount": rows})}
    return {"namespace": NAMESPACE, "name": judged.table, "facets": facets, "outputFacets": counted}


def _column_lineage(judged: Judged) -> _Json:
    landing = _name(judged.landing)
    as_they_are = [{"type": "DIRECT", "subtype": "IDENTITY"}]
    return {
        published.name: {"inputFields": [{**landing, "field": read.source, "transformations": as_they_are}]}
        for read, published in zip(judged.read, judged.published, strict=True)
    }


def _schema(columns: Sequence[TableColumn], *, named: str) -> _Json:
    fields = [
        {
            "name": getattr(column, named),
            "type": column.type,
            **({"description": column.description} if column.description else {}),
        }
        for column in columns
    ]
    return _facet("schema", {"fields": fields})


def _name(landing: str) -> dict[str, str]:
    """Source: OpenLineage, naming of datasets (S3: the bucket and the path; files: `file` and the path)."""
    parts = urlsplit(landing)
    if not parts.scheme:
        return {"namespace": "file", "name": landing}
    return {"namespace": f"{parts.scheme}://{parts.netloc}", "name": parts.path.strip("/") or "/"}


def _facet(name: str, content: Mapping[str, Any]) -> _Json:
    version, _, kind = _FACETS[name].partition("/")
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}", **content}
