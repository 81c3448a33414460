"""The table of change rules: the effect of each kind of change on consumers, producers and Avro's modes.

BACKWARD: the new contract can read partitions written under the old contract. FORWARD: the old contract can read
partitions written under the new contract. FULL: both. Only the permitted content of a partition matters for the modes.
"""

from __future__ import annotations

from enum import StrEnum

from partition_gate.core.record import Record


class Party(StrEnum):
    """The people whom a change can affect."""

    CONSUMERS = "consumers"
    PRODUCERS = "producers"


class Direction(StrEnum):
    """The directions of compatibility, in Avro's terms."""

    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"


class Kind(Record):
    """A kind of change, whom and which directions it breaks, and one sentence that says why."""

    name: str
    breaks: tuple[Party, ...]
    incompatible: tuple[Direction, ...]
    why: str


_LETTERS = {
    "C": Party.CONSUMERS,
    "P": Party.PRODUCERS,
    "B": Direction.BACKWARD,
    "F": Direction.FORWARD,
}
# name -> (letters of what breaks: Consumers, Producers, Backward, Forward; why). The docs include this table.
_TABLE: dict[str, tuple[str, str]] = {
    "column added": ("P", "Every new file must have it; in older partitions it reads as null, or as its default."),
    "required column added": ("PB", "Every file must have it; older partitions have neither a value nor a default."),
    "column removed": ("C", "Queries that name the column fail; a reader of the old version gets null."),
    "required column removed": ("CF", "Queries that name the column fail; a reader of the old version needs a value."),
    "column renamed": ("CBF", "Queries that use the old name fail; the id, or the name in the files, is the same."),
    "column renamed in the files": ("PBF", "Files must use the new name; files with the old name lack the column."),
    "type widened": ("CF", "Values that do not fit the old type may appear; the published column changes its type."),
    "type narrowed": ("PB", "Values that were allowed may not fit the new type."),
    "type changed": ("CPBF", "Values of one type are not values of the other."),
    "nulls allowed": ("CF", "Nulls may appear where consumers were promised a value."),
    "nulls forbidden": ("PB", "Rows with a null, previously allowed, are quarantined."),
    "uniqueness dropped": ("CF", "Values may repeat, so joins on the column may multiply rows."),
    "uniqueness promised": ("PB", "Rows with a duplicate value, previously allowed, are quarantined."),
    "key added": ("PB", "Rows with a duplicate or incomplete key, previously allowed, are quarantined."),
    "key removed": ("CF", "No key identifies a row any more: joins and upserts on the key may multiply rows."),
    "key changed": ("CPBF", "Different columns identify a row: joins on the old key may multiply rows."),
    "key order changed": ("", "The same columns identify a row."),
    "values added": ("CF", "Consumers may see unknown values."),
    "values removed": ("PB", "Rows with a removed value, previously allowed, are quarantined."),
    "values replaced": ("CPBF", "Unknown values may appear, and rows with a removed value are quarantined."),
    "range widened": ("CF", "Values outside the promised range may appear."),
    "range narrowed": ("PB", "Values that were allowed are now outside the range."),
    "range moved": ("CPBF", "Values outside the promised range may appear, and some that were allowed are not."),
    "constraint added": ("PB", "Values that were allowed may break the new constraint."),
    "constraint removed": ("CF", "Values that violate the old constraint may appear."),
    "constraint changed": ("CPBF", "Neither constraint is known to include the other."),
    "foreign key added": ("PB", "Rows without a parent, previously allowed, are quarantined."),
    "foreign key removed": ("CF", "Rows without a parent may appear, so joins may lose rows."),
    "foreign key changed": ("CPBF", "Values refer to another dataset or column."),
    "rule added": ("PB", "Partitions or rows that passed may fail the new rule."),
    "rule removed": ("CF", "Data that the rule blocked may be published."),
    "rule tightened": ("PB", "Partitions or rows that passed may fail the tighter rule."),
    "rule loosened": ("CF", "Data that the old bound blocked may be published."),
    "rule changed": ("CPBF", "Neither rule is known to include the other."),
    "rule made blocking": ("PB", "A failure that was only reported now quarantines rows or rejects the partition."),
    "rule made a warning": ("CF", "Data that the rule blocked is now published with a warning."),
    "rule that never blocks": ("", "The rule is text or below severity error: it is reported but does not block."),
    "partitioning changed": ("CP", "Producers write different folders, and filters on the partition columns change."),
    "table added": ("P", "Producers must deliver the new table."),
    "table removed": ("CF", "Queries on the table fail."),
    "table renamed": ("C", "Queries that use the old name fail."),
    "location changed": ("P", "Producers must deliver to the new location; files in the old one are ignored."),
    "location added": ("", "It adds an environment; the others do not change."),
    "location removed": ("P", "Files that land there are ignored."),
    "classification raised": ("C", "Consumers must protect values that they could use freely before."),
    "classification lowered": ("", "Values that were masked become visible: make sure that this is intended."),
    "SLA added": ("P", "Producers must meet a service level that was not promised before."),
    "SLA removed": ("C", "Consumers lose a promised service level."),
    "SLA tightened": ("P", "Producers must do better than they promised before."),
    "SLA loosened": ("C", "Consumers get less than they were promised."),
    "SLA changed": ("CP", "The promise is different: neither includes the other."),
    "limit tightened": ("P", "Partitions that would have been published are rejected or held."),
    "limit loosened": ("C", "Partitions that would have been rejected or held are published."),
    "calendar changed": ("CP", "Periods begin and end at different times, so keys and deadlines change their meaning."),
    "contract retired": ("C", "Partitions are no longer judged or published."),
    "contract paused": ("C", "It is a draft again: nobody is notified when it is broken."),
    "contract deprecated": ("", "Consumers are warned; partitions are still published."),
    "status changed": ("", "The contract becomes binding, or remains as binding as before."),
    "contract replaced": ("CP", "A new id is a new contract: everybody must migrate to it."),
    "version changed": ("", "The version of the contract itself; see the version rule."),
    "documentation changed": ("", "It describes, routes or explains; neither data nor promises change."),
}  # fmt: skip


def _kind(name: str, letters: str, why: str) -> Kind:
    broken = [_LETTERS[letter] for letter in letters]
    return Kind(
        name=name,
        breaks=tuple(item for item in broken if isinstance(item, Party)),
        incompatible=tuple(item for item in broken if isinstance(item, Direction)),
        why=why,
    )


KINDS: dict[str, Kind] = {name: _kind(name, *row) for name, row in _TABLE.items()}


def rules_table() -> str:
    """The rules as a Markdown table, for the documents."""
    rows = [
        f"| {kind.name} | {', '.join(kind.breaks) or 'nobody'} | {', '.join(kind.incompatible) or '-'} | {kind.why} |"
        for kind in KINDS.values()
    ]
    return "\n".join(("| change | breaks | incompatible | why |", "|---|---|---|---|", *rows))
