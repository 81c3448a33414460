"""`gate export --to feast`: a feature repository whose rows end where the published data is no longer complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typer
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.apps.web.safe_through import SafeThrough, newest_slots, safe_until
from partition_gate.apps.web.slots import order
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contracts.export.feast import (
    FeatureTable,
    HandedOff,
    data_path,
    feature_repository,
    feature_table,
    has_features,
)
from partition_gate.core.display import counted, displayed
from partition_gate.core.errors import CannotAct, ContractError
from partition_gate.core.strict_yaml.reading import load_mapping
from partition_gate.gate.local_folders import writing_below
from partition_gate.ports import Ports
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports

_HOW = "customProperties: [{property: entityKey, value: COLUMN}, {property: eventTime, value: COLUMN}]"


class Handed(NamedTuple):
    """A feature table in a repository: the partition through which it is safe, and how many rows it has."""

    table: FeatureTable
    safe: SafeThrough
    rows: int


def hand_off(name: str, into: Path) -> None:
    """Write the feature repository of a contract's feature tables into a folder, and say what is in it.

    Raises:
        ContractError: the contract has no feature table, or describes one in a way that Feast cannot have.
        CannotAct: nothing is published up to which everything that was expected is there.
    """
    settings = load_settings()
    tables = _feature_tables(contract_folder(settings), name)
    with open_ports(settings) as ports, writing_below(into, setting="--output"):
        handed = write_repository(tables, ports=ports, into=into)
    for table, safe, rows in handed:
        typer.echo(f"{table.name}: {counted(rows, 'row')}, safe through {safe.key} (before {safe.until.isoformat()})")
    typer.echo(f"wrote {displayed(str(into))}; in this folder, run: feast apply")


def write_repository(
    tables: Sequence[tuple[CompiledDataset, FeatureTable]], *, ports: Ports, into: Path
) -> tuple[Handed, ...]:
    """Write rows and definitions of these tables; existing files are replaced, each of them whole at any time.

    Raises: CannotAct, as `hand_off`; then nothing was written.
    """
    safe = [(compiled, table, _safe(compiled, ports)) for compiled, table in tables]
    handed = tuple(Handed(table, until, _copy(compiled, table, until, ports, into)) for compiled, table, until in safe)
    files = feature_repository(
        [HandedOff(table=table, safe_through=until.until) for table, until, _ in handed],
        project=tables[0][0].contract.id,
    )
    for name, text in files.items():
        (into / name).write_text(text, encoding="utf-8")
    return handed


def _feature_tables(folder: ContractFolder, name: str) -> list[tuple[CompiledDataset, FeatureTable]]:
    datasets = folder.load_contract(name)
    path, _ = folder.find(name)
    odcs = OpenDataContractStandard.model_validate(load_mapping(folder.text(path), path=folder.label(path)))
    schemas: dict[str, SchemaObject] = {str(each.name): each for each in odcs.schema_ or [] if has_features(each)}
    found = [(each, schemas[each.dataset.name]) for each in datasets if each.dataset.name in schemas]
    if not found:
        raise ContractError(f"{folder.label(path)}: no object is a feature table; give one {_HOW}")
    return [(each, feature_table(each, schema)) for each, schema in found]


def _safe(compiled: CompiledDataset, ports: Ports) -> SafeThrough:
    dataset = compiled.dataset
    safe = safe_until(dataset, newest_slots(dataset, ports.ledger, now=ports.clock.now()))
    if safe is None:
        what = "no partition is published before the first gap, so no moment is safe; publish what is missing"
        raise CannotAct(f"{dataset.name}: {what} (`gate status {dataset.name}`), then export again")
    return safe


def _copy(compiled: CompiledDataset, table: FeatureTable, safe: SafeThrough, ports: Ports, into: Path) -> int:
    """Write the rows of the safe partitions until the safe moment; returns how many."""
    last, published = order(compiled.dataset, safe.key), ports.warehouse.publications(table.name)
    complete = [each for each in published if order(compiled.dataset, each.partition_key) <= last]
    path = into / data_path(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    try:
        before = (table.event_time.name, safe.until)
        rows = ports.warehouse.copy_rows(compiled.published, complete, table.columns, before=before, into=draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows
