"""The schema of the published table, as the contract promises it: names, types, comments."""

from __future__ import annotations

from partition_gate.core.names import Name
from partition_gate.core.record import Record

RESERVED_PREFIX = "_gate_"


def is_reserved(name: str) -> bool:
    """Whether the name is reserved for columns that the gate adds. A file may have such a column (quarantined rows that
    landed again): quarantine stores it, but no rule can read it and no table has it.
    """
    return name.casefold().startswith(RESERVED_PREFIX)


class TableColumn(Record):
    """A column of the published table. `source` is its name in the files, `type` a DuckDB type name.

    `default` is the text of its value in rows that were published without the column; None is null.
    `formerly` are its earlier names in the published table.
    """

    name: str
    source: str
    type: str
    description: str = ""
    classified: bool = False
    default: str | None = None
    formerly: tuple[str, ...] = ()


class TableSchema(Record):
    """One table: the data columns in contract order, and the partition columns (not stored in the files)."""

    name: Name
    description: str = ""
    columns: tuple[TableColumn, ...]
    partition_columns: tuple[TableColumn, ...] = ()

    @property
    def stored_columns(self) -> tuple[tuple[str, str], ...]:
        """(name, type) of each data column: the columns that a file of this table holds."""
        return tuple((column.name, column.type) for column in self.columns)
