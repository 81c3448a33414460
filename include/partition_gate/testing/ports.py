"""All ports in memory, for tests of the gate: a test sets what lands, how rows are judged, and what fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from partition_gate.alerts.alert import Links
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Check, CompiledSuite
from partition_gate.core.errors import DeliveryError, GateError, PartitionChanged, UnknownContract
from partition_gate.core.partition import DataFile, LandedKeys, Location, Partition, Spooled
from partition_gate.core.severity import Scope
from partition_gate.core.units import Month
from partition_gate.judging.attempt import Message, Settlement
from partition_gate.judging.report import AttemptReport
from partition_gate.judging.retention import Files, KeptFor
from partition_gate.judging.validation import (
    Errored,
    Evaluated,
    Observation,
    PartitionScan,
    RowPredicate,
    Split,
    SplitLabels,
    Unknown,
    Validation,
)
from partition_gate.testing.builders import NOON
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.quarantine import FakeRework
from partition_gate.testing.telling import FakeRunEvents, FakeTelemetry
from partition_gate.testing.warehouse import InMemoryWarehouse

OURS = "here/1/0.00"


class Killed(BaseException):
    """Simulates SIGKILL: our code must not catch it."""


class FakeClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def forward(self, by: timedelta) -> None:
        self.time += by


class FakeStore:
    """Landing: the `id`s in each file of each partition. `while_spooling` runs before the bytes are copied."""

    def __init__(self) -> None:
        self.landed: dict[str, dict[str, list[int]]] = {}
        self.refused: list[tuple[str, str]] = []
        self.unread = 0  # the first of `refused` are read only if the whole of landing is
        self.error: Exception | None = None
        self.before_listing: Callable[[], None] = lambda: None
        self.while_spooling: Callable[[], None] = lambda: None

    def land(self, key: str, ids: Sequence[int], *, name: str = "part-0.parquet") -> None:
        self.landed.setdefault(key, {})[name] = list(ids)

    def partition_keys(
        self,
        location: Location,
        *,
        since: date | None = None,  # noqa: ARG002 -- the port's
        whole: bool = False,
    ) -> LandedKeys:
        unread = 0 if whole else self.unread
        keys = tuple(sorted(self.landed, key=location.order))
        return LandedKeys(keys=keys, refused=tuple(self.refused[unread:]), has_unread=unread > 0)

    def list_files(self, location: Location, key: str) -> tuple[DataFile, ...]:
        self.before_listing()
        if self.error:
            raise self.error
        folder, files = location.folder(key), sorted(self.landed.get(key, {}).items())
        modified_at = NOON - timedelta(days=1)
        return tuple(
            DataFile(path=f"{folder}/{name}", etag=_etag(ids), size_bytes=len(ids), modified_at=modified_at)
            for name, ids in files
        )

    def note(self, location: Location, key: str, name: str) -> bytes | None:  # noqa: ARG002 -- the port's
        return None

    def spool(self, partition: Partition, into: Path) -> Spooled:
        self.while_spooling()
        files = self.landed.get(partition.key, {})
        paths = []
        for file in partition.files:
            ids = files.get(Path(file.path).name)
            if ids is None or _etag(ids) != file.etag:
                raise PartitionChanged(f"{file.path} was replaced")
            paths.append(_written(ids, into / Path(file.path).name))
        return Spooled(partition=partition, folder=into, paths=tuple(paths))


class FakeValidator:
    """Judges by sets: `failing`: rule id -> ids that break it; `broken`, `unknown`, `errored`: ids of rules."""

    def __init__(self) -> None:
        self.failing: dict[str, set[int]] = {}
        self.broken: set[str] = set()
        self.unknown: set[str] = set()
        self.errored: set[str] = set()
        self.error: Exception | None = None

    def validate(self, scan: PartitionScan, suite: CompiledSuite) -> Validation:
        if self.error:
            raise self.error
        ids = _ids(scan.paths)
        checks = suite.suite.checks
        return Validation(
            row_count=len(ids),
            observations=tuple(self._observed(check, ids) for check in checks),
            predicates=tuple(RowPredicate(rule_id=c.rule_id, sql="true") for c in checks if c.scope is Scope.ROW),
            document={"results": [_entry(check) for check in checks]},
        )

    def split(self, scan: PartitionScan, *, blocking: Sequence[RowPredicate], labels: SplitLabels, into: Path) -> Split:  # noqa: ARG002
        broken = {id_ for predicate in blocking for id_ in self.failing.get(predicate.rule_id, ())}
        return _split(_ids(scan.paths), broken, into)

    def reject(
        self,
        scan: PartitionScan,
        *,
        blocking: Sequence[RowPredicate],  # noqa: ARG002 -- the port's
        labels: SplitLabels,  # noqa: ARG002 -- the port's
        into: Path,
    ) -> Split:
        ids = _ids(scan.paths)
        return _split(ids, set(ids), into)

    def _observed(self, check: Check, ids: list[int]) -> Observation:
        rule = check.rule_id
        if rule in self.errored:
            return Errored(rule_id=rule, why="it broke")
        if rule in self.unknown:
            return Unknown(rule_id=rule, why="its column is missing")
        failing = len(self.failing.get(rule, set()) & set(ids))
        counts = {"element_count": len(ids), "unexpected_count": failing} if check.scope is Scope.ROW else {}
        return Evaluated(rule_id=rule, success=not failing and rule not in self.broken, observed=None, **counts)


class FakeNotifier:
    """Stores what was sent; if `error` is set, it is raised instead."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.error: DeliveryError | None = None

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:  # noqa: ARG002
        if self.error:
            raise self.error
        self.sent.append(message)
        return root_ts if message.is_edit and root_ts else f"{len(self.sent)}.0"

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:  # noqa: ARG002
        return next((f"{at}.0" for at, sent in enumerate(self.sent, start=1) if sent.id == message.id), None)


class FakeDocs:
    """Stores the reports that were written, and the attempts on the page of each dataset and month."""

    def __init__(self) -> None:
        self.error: GateError | None = None
        self.reports: list[AttemptReport] = []
        self.months: dict[tuple[str, Month], tuple[str, ...]] = {}

    @property
    def pages(self) -> list[str]:
        """The attempts whose pages were written."""
        return [report.settlement.attempt_id for report in self.reports]

    def write_report(self, report: AttemptReport) -> str:
        self.reports.append(report)
        return f"attempts/{report.settlement.attempt_id}/index.html"

    def write_month(
        self,
        dataset: str,
        month: Month,
        settlements: Sequence[Settlement],
        *,
        whole: bool = False,  # noqa: ARG002 -- it has no pages of its own
    ) -> None:
        self.months[dataset, month] = tuple(settlement.attempt_id for settlement in settlements)

    def write_index(self) -> str:
        return "index.html"

    def report_files(self, attempt_id: str) -> Files:
        return Files(count=2, size_bytes=2000) if attempt_id in self.pages else Files()

    def remove_report(self, attempt_id: str, *, dataset: str, kept: timedelta) -> Files:  # noqa: ARG002 -- the port's
        if self.error:
            raise self.error
        files = self.report_files(attempt_id)
        self.reports = [report for report in self.reports if report.settlement.attempt_id != attempt_id]
        return files

    def remove_months(self, before: Month) -> int:
        gone = [(dataset, month) for dataset, month in self.months if month < before]
        for each in gone:
            del self.months[each]
        return len(gone)

    def read(self, path: str) -> bytes | None:
        return b"" if path == "index.html" else None

    def address(self, path: str) -> str:
        return f"file:///{path}"


class FakeContracts:
    """Datasets by name: `contract/dataset`, and `contract` if it has only one."""

    def __init__(self, *contracts: CompiledDataset) -> None:
        self.by_name = {f"{each.contract.id}/{each.dataset.name}": each for each in contracts}
        self.by_name |= {each.dataset.qualified_name: each for each in contracts}

    def load(self, name: str) -> CompiledDataset:
        if name not in self.by_name:
            raise UnknownContract(f"{name!r} is not a contract")
        return self.by_name[name]


class FakeWorkers:
    """The running processes, including ours."""

    def __init__(self) -> None:
        self.own = OURS
        self.running = {OURS}

    def is_running(self, owner: str) -> bool | None:
        return owner in self.running if owner else None


class FakePorts:
    """All ports; `contracts` can be loaded by id."""

    def __init__(self, spool_folder: Path, *contracts: CompiledDataset) -> None:
        self.spool_folder, self.drain_limit = spool_folder, timedelta(minutes=1)
        self.versions_kept, self.kept_for = timedelta(hours=24), KeptFor()
        self.clock, self.store, self.validator = FakeClock(), FakeStore(), FakeValidator()
        self.warehouse, self.ledger = InMemoryWarehouse(), InMemoryLedger()
        self.rework = FakeRework()
        self.docs, self.notifier, self.run_events = FakeDocs(), FakeNotifier(), FakeRunEvents()
        self.operators_channel, self.telemetry = "", FakeTelemetry()
        self.contracts, self.workers = FakeContracts(*contracts), FakeWorkers()

    def links(self, dataset: str, key: str, attempt_id: str) -> Links:  # noqa: ARG002 -- the port's
        return Links(console=f"http://console/{dataset}/{key}")


@contextmanager
def failing(target: object, verb: str, error: BaseException, *, after: bool = False, calls: int = 0) -> Iterator[None]:
    """Make a port's method raise `error`; with `after`, once it has done its work (a lost answer, a kill).

    The first `calls` calls succeed.
    """
    real, succeeding = getattr(target, verb), [None] * calls

    def fails(*arguments: object, **named: object) -> object:
        if succeeding:
            succeeding.pop()
            return real(*arguments, **named)
        if after:
            real(*arguments, **named)
        raise error

    setattr(target, verb, fails)
    try:
        yield
    finally:
        delattr(target, verb)


def _entry(check: Check) -> dict[str, object]:
    """The check's entry in the result document of Great Expectations."""
    return {"success": True, "expectation_config": {"type": "fake", "kwargs": {}, "meta": {"rule_id": check.rule_id}}}


def _etag(ids: Sequence[int]) -> str:
    return hashlib.sha256(repr(list(ids)).encode()).hexdigest()[:16]


def _ids(paths: Sequence[Path]) -> list[int]:
    return [int(id_) for path in paths for id_ in pq.read_table(path)["id"].to_pylist()]


def _written(ids: Sequence[int], path: Path) -> Path:
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path)
    return path


def _split(ids: list[int], broken: set[int], into: Path) -> Split:
    passing, quarantined = [i for i in ids if i not in broken], [i for i in ids if i in broken]
    return Split(
        passing=(_written(passing, into / "passing.parquet"),) if passing else (),
        quarantined=_written(quarantined, into / "quarantined.parquet") if quarantined else None,
        rows_in=len(ids),
        rows_passing=len(passing),
        rows_quarantined=len(quarantined),
        row_hash=str(sum(passing)),
    )
