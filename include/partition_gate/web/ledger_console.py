"""The console over the ledger, the contract folder and the quarantine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from partition_gate.adapters.contract_folder import HISTORY, SUFFIX, Catalogue, ContractFolder
from partition_gate.adapters.contract_history import ContractHistory
from partition_gate.contract.model import Contract
from partition_gate.errors import UnknownContract
from partition_gate.judging.attempt import OutboxEntry, Settlement
from partition_gate.judging.verdict import CheckResult
from partition_gate.masking import pseudonym
from partition_gate.ports import Ledger
from partition_gate.web.console import BrokenContract, ContractSummary, QuarantinedRow, QuarantineSample
from partition_gate.web.contract_details import ContractDetails, contract_details

_GATE = "_gate_"
_SHOWN_LENGTH = 200

QuarantineRows = list[dict[str, object]]


class LedgerConsole:
    """`Console` over the real parts. `read_rows(uri, limit)` gives an attempt's quarantined rows, [] for none."""

    def __init__(
        self,
        ledger: Ledger,
        contracts: ContractFolder,
        *,
        docs_folder: Path,
        mask_key: bytes,
        read_rows: Callable[[str, int], QuarantineRows] | None = None,
    ) -> None:
        self._ledger = ledger
        self._contracts = contracts
        self._docs_folder = docs_folder
        self._mask_key = mask_key
        self._read_rows = read_rows or local_rows
        self._read: tuple[object, Catalogue] | None = None

    @property
    def docs_folder(self) -> Path:
        return self._docs_folder

    def settlements(self) -> tuple[Settlement, ...]:
        return self._ledger.latest()

    def contracts(self) -> tuple[ContractSummary, ...]:
        return tuple(_summary(compiled.contract) for compiled in self._catalogue().contracts)

    def broken_contracts(self) -> tuple[BrokenContract, ...]:
        return tuple(
            BrokenContract(id=file.removesuffix(SUFFIX), file=file, problem=problem)
            for file, problem in self._catalogue().broken
        )

    def contract_text(self, contract_id: str) -> str | None:
        path = next((path for path in self._contracts.paths() if path.name == f"{contract_id}{SUFFIX}"), None)
        return path.read_text(encoding="utf-8", errors="replace") if path else None

    def contract_details(self, contract_id: str) -> ContractDetails | None:
        compiled = next((each for each in self._catalogue().contracts if each.contract.id == contract_id), None)
        text = self.contract_text(contract_id)
        if compiled is None or text is None:
            return None
        history = ContractHistory(self._contracts.contracts / f"{contract_id}{SUFFIX}")
        return contract_details(compiled, text, history, environment=self._contracts.environment)

    def settlement(self, attempt_id: str) -> Settlement | None:
        return self._ledger.settlement(attempt_id)

    def results(self, attempt_id: str) -> tuple[CheckResult, ...]:
        return self._ledger.results(attempt_id)

    def messages(self, attempt_id: str | None = None) -> tuple[OutboxEntry, ...]:
        return self._ledger.messages(attempt_id)

    def quarantine_sample(self, attempt_id: str, *, limit: int) -> QuarantineSample | None:
        """Values of every column are masked that the contract classifies or does not name."""
        settlement = self._ledger.settlement(attempt_id)
        rows = self._read_rows(settlement.quarantine_uri, limit) if settlement and settlement.quarantine_uri else []
        if not settlement or not rows:
            return None
        shown = self._shown_columns(settlement)
        columns = tuple(name for name in rows[0] if not name.startswith(_GATE))
        hidden = tuple(name for name in columns if name.casefold() not in shown)
        return QuarantineSample(columns=columns, masked=hidden, rows=tuple(self._row(r, columns, hidden) for r in rows))

    def _row(self, row: dict[str, object], columns: tuple[str, ...], hidden: tuple[str, ...]) -> QuarantinedRow:
        number = row.get("_gate_source_row")
        reasons = row.get("_gate_reasons")
        return QuarantinedRow(
            source_file=str(row.get("_gate_source_file") or "").rsplit("/", 1)[-1],
            source_row=number if isinstance(number, int) else None,
            reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
            values=tuple(
                pseudonym(row[name], self._mask_key) if name in hidden else _text(row[name]) for name in columns
            ),
        )

    def _shown_columns(self, settlement: Settlement) -> frozenset[str]:
        """Names, in the files and in the table, of the columns whose values may be seen; empty without a contract."""
        found = next((one for one in self._catalogue().contracts if one.contract.id == settlement.contract), None)
        columns = found.in_force(settlement.partition_key).contract.columns if found else ()
        classified = {name.casefold() for c in columns if c.classified for name in (c.name, c.source)}
        return frozenset(name.casefold() for c in columns for name in (c.name, c.source)) - classified

    def _catalogue(self) -> Catalogue:
        """The folder's contracts, read again when a file of theirs or a suite changed."""
        try:
            paths = self._contracts.paths()
        except UnknownContract as error:
            return Catalogue(contracts=(), broken=((str(self._contracts.contracts), str(error)),))
        kept = self._contracts.contracts.glob(f"{HISTORY}/*/*{SUFFIX}")
        files = [*paths, *sorted(kept), *sorted(self._contracts.expectations.rglob("*.json"))]
        state = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
        if self._read is None or self._read[0] != state:
            self._read = (state, self._contracts.load_all())
        return self._read[1]


def local_rows(uri: str, limit: int) -> QuarantineRows:
    """The first rows of a quarantine folder on this machine's disk; [] where there are none or it lies elsewhere."""
    path = Path(uri.removeprefix("file://")) / "rows.parquet"
    if "://" in uri.removeprefix("file://") or not path.is_file():
        return []
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(batch_size=limit), None)
    rows: QuarantineRows = batch.to_pylist() if batch is not None else []
    return rows


def _summary(contract: Contract) -> ContractSummary:
    return ContractSummary(
        id=contract.id,
        version=contract.version,
        dataset=contract.dataset,
        status=contract.status.value,
        owner=contract.team.name,
        description=contract.description or contract.purpose,
        path=contract.path,
    )


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
