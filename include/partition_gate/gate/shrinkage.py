"""What a smaller version of a partition lacks, for the person who decides about it."""

from __future__ import annotations

import logging
from itertools import chain
from pathlib import Path

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Unique, UniqueTogether
from partition_gate.core.errors import GateError
from partition_gate.judging.attempt import Publication
from partition_gate.judging.shrinkage import shrinkage_sentences
from partition_gate.judging.validation import Split
from partition_gate.ports import Ports

log = logging.getLogger(__name__)

MOST_COLUMNS = 5


def what_shrank(
    compiled: CompiledDataset, before: Publication, split: Split, *, into: Path, ports: Ports
) -> tuple[str, ...]:
    """A sentence for each column of the contract's keys (`primaryKey`, `unique`), at most `MOST_COLUMNS`: distinct
    values before and now, and which are gone.

    Reads these columns of the visible version once, and of the passing rows once. `into` is a folder for a copy. If
    they cannot be read, the sentence says so: the partition is held all the same.
    """
    columns = key_columns(compiled)
    if not columns:
        return ()
    visible = into / "visible.parquet"
    try:
        ports.warehouse.copy_rows(compiled.published, [before], columns, into=visible)
        found = ports.rework.compare_values(visible, split.passing, columns)
    except GateError as error:
        log.warning("values of the key not compared partition=%s why=%s", before.partition_key, error)
        return (f"the values of {', '.join(columns)} could not be compared with the visible version",)
    return tuple(shrinkage_sentences(found, hidden=compiled.hidden_columns))


def key_columns(compiled: CompiledDataset) -> tuple[str, ...]:
    """The data columns whose values are unique alone or together, in the order of the suite.

    A partition column is left out: it has one value in a partition.
    """
    keys = [check.expectation for check in compiled.suite.suite.checks]
    members = chain.from_iterable(_members(key) for key in keys if isinstance(key, Unique | UniqueTogether))
    stored = {column.name for column in compiled.table.columns}
    return tuple(name for name in dict.fromkeys(members) if name in stored)[:MOST_COLUMNS]


def _members(key: Unique | UniqueTogether) -> tuple[str, ...]:
    return key.columns if isinstance(key, UniqueTogether) else (key.column,)
