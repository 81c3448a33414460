"""A place to break: a home, a contract, landing, and what must be visible for all that landed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from tests.chaos.processes import Ended, Failpoint, Moment, Process
from tests.chaos.tally import Tally

from partition_gate.adapters.storage import S3Access, Storage
from partition_gate.apps.cli.main import main
from partition_gate.connections import s3_service
from partition_gate.settings import Settings, load_settings

ROWS = 100
LIMIT = 5
# Stands in a classified column of every row: wherever else it is found, a value leaked.
CANARY = "canary-7f3a@example.com"
DATASET = "orders"
_ABSENT = {"42P01", "3F000"}  # PostgreSQL has no such table, or schema
_JOINED = 'FROM published_storage.versions v JOIN published_storage."orders/1" r ON r._gate_version = v.id ' + (
    "WHERE v.is_visible"
)


@dataclass(frozen=True)
class Landed:
    """One delivery of a partition: `bad` of its rows break the contract."""

    version: int
    bad: int

    @property
    def outcome(self) -> str:
        if self.bad > LIMIT:
            return "rejected"
        return "published_with_quarantine" if self.bad else "published"

    @property
    def passing(self) -> set[tuple[int, int]]:
        """(id, version) of the rows that may be visible."""
        return set() if self.outcome == "rejected" else {(number, self.version) for number in range(self.bad, ROWS)}


@dataclass
class World:
    """`visible` is what must be seen of each partition, `before` what was seen before its newest delivery."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    landing: str = ""
    visible: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    before: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    versions: int = 0

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def is_in_database(self) -> bool:
        """Whether tables are published to PostgreSQL."""
        return self.environment.get("GATE_WAREHOUSE_URI", "").startswith("postgresql")

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    def prepare(self) -> None:
        """Write the contract; compile it."""
        contracts = self.folder / "contracts"
        contracts.mkdir(parents=True)
        (contracts / f"{DATASET}.odcs.yaml").write_text(
            yaml.safe_dump(_contract(self.landing or str(self.folder / "landing")))
        )
        self.gate("compile")

    def land(self, key: str, *, bad: int) -> Landed:
        """A new delivery of the partition: one file, replaced as a whole."""
        self.versions += 1
        landed = Landed(version=self.versions, bad=bad)
        draft = self.folder / "draft.parquet"
        pq.write_table(_rows(landed), draft)
        if self.landing:
            landed_there = self.do(lambda: _put(draft, f"{self.landing}/dt={key}/part-0.parquet"))
            assert landed_there.code == 0, f"nothing landed: see {self.log}"
        else:
            path = self.folder / "landing" / f"dt={key}" / "part-0.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
        self.before[key] = self.visible.get(key, set())
        self.visible[key] = landed.passing or self.before[key]
        return landed

    def look(self, tally: Tally, key: str, *allowed: set[tuple[int, int]], moment: str) -> None:
        """Count what is visible of a partition, if it is none of these sets of rows."""
        try:
            seen = self.seen().get(key, set())
        except AssertionError as error:
            tally.doubled += "twice" in str(error)
            tally.wrong.append(f"{key} {moment}: {error}")
            return
        tally.saw(seen, *allowed, where=f"{key} {moment}")

    def gate(self, *arguments: str, kill: Failpoint | Moment | None = None, limit_s: float = 60) -> Ended:
        """A command of the product in a process of its own."""
        return self.do(lambda: command(arguments), kill=kill, limit_s=limit_s)

    def do(self, work: Callable[[], Any], *, kill: Failpoint | Moment | None = None, limit_s: float = 60) -> Ended:
        """Anything in a process of its own, with the settings of this world."""
        return self.start(work, kill=kill).ended(limit_s=limit_s)

    def start(self, work: Callable[[], Any], *, kill: Failpoint | Moment | None = None) -> Process:
        """As `do`, without waiting for its end."""

        def prepared() -> Any:
            os.environ.update(self._settings())
            return work()

        return Process(prepared, log=self.log, kill=kill)

    def reconciled(self) -> tuple[Ended, list[str]]:
        """How `gate reconcile` ended, and the differences that it left."""
        begin = self.log.stat().st_size
        ended = self.gate("reconcile")
        shown = self.log.read_bytes()[begin:].decode(errors="replace")
        return ended, [line for line in shown.splitlines() if line.startswith("DIFFERENCE")]

    def seen(self) -> dict[str, set[tuple[int, int]]]:
        """What is visible of each partition, read from the table itself. Rows seen twice raise."""
        found = self.do(_visible_rows)
        if found.code != 0:
            raise AssertionError(f"the table cannot be read: see {self.log}")
        partitions: dict[str, set[tuple[int, int]]] = {}
        for key, *row in found.answer:
            rows = partitions.setdefault(key, set())
            if (row[0], row[1]) in rows:
                raise AssertionError(f"row {row} of {key} is visible twice")
            rows.add((row[0], row[1]))
        return partitions

    def leaks(self) -> list[str]:
        """Texts outside data and quarantine that hold a value or a traceback."""
        places = [self.log, *(self.home / "inbox").rglob("*"), *(self.home / "docs").rglob("*.html")]
        texts = {path: path.read_text(errors="replace") for path in places if path.is_file()}
        words = (CANARY, "Traceback", "this is a bug")
        return [f"{path}: {word}" for path, text in texts.items() for word in words if word in text]

    def leftovers(self) -> list[str]:
        """What dead runs left behind: private copies, files that were staged or kept aside by attempts that did not
        end with them, copies of the consumers' file.
        """
        found = self.do(_known_attempts)
        known = tuple(found.answer or ())
        remote = [f"left behind: {path}" for path in self.do(_remote_files).answer if not _is_of(Path(path), known)]
        files = [path for path in self.home.rglob("*") if path.is_file()]
        spools = [path for path in (self.home / "spool").glob("*") if path.is_dir()]
        left = [*spools, *(path for path in files if path.name.startswith(".warehouse."))]
        kept = [path for name in ("warehouse", "quarantine") for path in files if self.home / name in path.parents]
        rows = [path for path in kept if path.suffix == ".parquet" and "_delta_log" not in path.parts]
        return remote + [f"left behind: {path}" for path in (*left, *(one for one in rows if not _is_of(one, known)))]

    def _settings(self) -> dict[str, str]:
        own = {
            "GATE_HOME": str(self.home),
            "GATE_CONTRACTS": str(self.folder / "contracts"),
            "GATE_EXPECTATIONS": str(self.folder / "expectations"),
        }
        return {**own, **self.environment}


def command(arguments: tuple[str, ...]) -> None:
    sys.argv = ["gate", *arguments]
    main()


def _visible_rows() -> list[list[Any]]:
    settings = load_settings()
    if settings.is_warehouse_postgresql:
        return _in_database(settings, "SELECT v.partition_key, r.id, r.version", _JOINED)
    root = settings.path(settings.warehouse_uri, "warehouse")
    try:
        log = DeltaTable(f"{root}/{DATASET}", storage_options=Storage(root, _s3(settings)).options or None)
    except TableNotFoundError:
        return []
    rows = log.to_pyarrow_table(columns=["dt", "id", "version"])
    return [[str(row["dt"]), row["id"], row["version"]] for row in rows.to_pylist()]


def _in_database(settings: Settings, select: str, source: str) -> list[list[Any]]:
    """Rows of the gate's own tables; none if nothing was ever staged."""
    engine = create_engine(settings.warehouse_uri.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.connect() as connection:
            return [list(row) for row in connection.exec_driver_sql(f"{select} {source}")]
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") not in _ABSENT:
            raise
        return []
    finally:
        engine.dispose()


def _s3(settings: Settings) -> S3Access:
    return S3Access(lambda: s3_service(settings))


def _remote_files() -> list[str]:
    """Parquet files of a warehouse in S3 (the records of publications lie beside them), or versions in PostgreSQL."""
    settings = load_settings()
    if settings.is_warehouse_postgresql:
        rows = _in_database(settings, f"SELECT '{DATASET}/' || v.attempt_id", "FROM published_storage.versions v")
        return [path for (path,) in rows]
    root = settings.path(settings.warehouse_uri, "warehouse")
    if not root.startswith("s3://"):
        return []
    files = Storage(root, _s3(settings)).listing(DATASET)
    return [file.path for file in files if file.path.endswith(".parquet") and "_delta_log" not in file.path]


def _put(file: Path, uri: str) -> None:
    root, _, path = uri.removeprefix("s3://").partition("/")
    Storage(f"s3://{root}", _s3(load_settings())).put(path, file)


def _known_attempts() -> list[str]:
    """The attempts whose rows may lie somewhere: those that published, and those whose outcome names a quarantine."""
    engine = create_engine(_ledger_url())
    with engine.connect() as connection:
        return [row[0] for row in connection.execute(text("SELECT attempt_id FROM settlements"))]


def _ledger_url() -> str:
    settings = load_settings()
    return settings.ledger_url or f"sqlite:///{settings.home / 'ledger.sqlite'}"


def _is_of(path: Path, attempts: Sequence[str]) -> bool:
    return any(attempt in path.parts or path.stem.endswith(f"-{attempt}") for attempt in attempts)


def _rows(landed: Landed) -> pa.Table:
    return pa.table(
        {
            "id": list(range(ROWS)),
            "version": [landed.version] * ROWS,
            "amount": [-1.0] * landed.bad + [1.0] * (ROWS - landed.bad),
            "email": [CANARY] * ROWS,
        }
    )


def _contract(landing: str) -> dict[str, Any]:
    columns = [
        {"name": "dt", "logicalType": "date", "partitioned": True},
        {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "version", "logicalType": "integer", "required": True},
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}},
        {"name": "email", "logicalType": "string", "classification": "confidential"},
    ]
    pattern = f"{landing}/dt=*/*.parquet"
    place = {"type": "s3", "location": pattern} if landing.startswith("s3://") else {"type": "local", "path": pattern}
    server = {"server": "landing", "format": "parquet", **place}
    scopes = ("issues", "announcements")
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": DATASET,
        "version": "1.0.0",
        "status": "active",
        "servers": [server],
        "schema": [{"name": DATASET, "properties": columns}],
        "slaProperties": [{"property": "errorRate", "value": LIMIT, "unit": "percent"}],
        "support": [{"channel": f"#{scope}", "tool": "slack", "scope": scope} for scope in scopes],
        "customProperties": [{"property": "readiness", "value": "quiet:0s"}],
    }
