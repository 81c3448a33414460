"""The table of change rules: what each kind of change means for consumers, for producers and for Avro's modes.

BACKWARD: the new contract can read partitions written under the old one. FORWARD: a reader of the old contract
can read partitions written under the new one. FULL: both. Only what a partition may hold counts for the modes.
"""

from __future__ import annotations

from enum import StrEnum

from partition_gate.core.record import Record


class Party(StrEnum):
    """Whom a change can break."""

    CONSUMERS = "consumers"
    PRODUCERS = "producers"


class Direction(StrEnum):
    """Which readings a change breaks, in Avro's words."""

    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"


class Kind(Record):
    """A kind of change, whom and what it breaks, and why, in one sentence."""

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
# name: letters of what breaks (Consumers, Producers, Backward, Forward), why. The docs print this table.
_TABLE: dict[str, tuple[str, str]] = {
    "column added": ("P", "Every file must have it from now on; older partitions read it as null, or its default."),
    "required column added": ("PB", "Every file must have it; older partitions have neither a value nor a default."),
    "column removed": ("C", "Queries that name the column fail; a reader of the old version gets null."),
    "required column removed": ("CF", "Queries that name the column fail; a reader of the old version needs a value."),
    "column renamed": ("CBF", "Queries that use the old name fail; id or name in the files shows that it is the same."),
    "column renamed in the files": ("PBF", "Files must use the new name; those with the old one lack the column."),
    "type widened": ("CF", "Values that do not fit the old type may come, and the published column changes its type."),
    "type narrowed": ("PB", "Values that were allowed do not fit the new type."),
    "type changed": ("CPBF", "Values of one type are none of the other."),
    "nulls allowed": ("CF", "Nulls may come where consumers were promised a value."),
    "nulls forbidden": ("PB", "Rows with a null, allowed before, are quarantined."),
    "uniqueness dropped": ("CF", "A value may stand twice, so joins on the column may multiply rows."),
    "uniqueness promised": ("PB", "Rows with a repeated value, allowed before, are quarantined."),
    "key added": ("PB", "Rows with a repeated or incomplete key, allowed before, are quarantined."),
    "key removed": ("CF", "Nothing identifies a row any more: joins and upserts on the key may multiply rows."),
    "key changed": ("CPBF", "Other columns identify a row: joins on the old key may multiply rows."),
    "key order changed": ("", "The same columns identify a row."),
    "values added": ("CF", "Consumers meet values that they do not know."),
    "values removed": ("PB", "Rows with a value that was allowed are quarantined."),
    "values replaced": ("CPBF", "Unknown values may come, and values that were allowed are quarantined."),
    "range widened": ("CF", "Values outside the promised range may come."),
    "range narrowed": ("PB", "Values that were allowed now lie outside the range."),
    "range moved": ("CPBF", "Values outside the promised range may come, and some that were allowed may not."),
    "constraint added": ("PB", "Values that were allowed may break the new constraint."),
    "constraint removed": ("CF", "Values that broke the old constraint may come."),
    "constraint changed": ("CPBF", "Neither constraint is known to include the other."),
    "foreign key added": ("PB", "Rows without a parent, allowed before, are quarantined."),
    "foreign key removed": ("CF", "Rows without a parent may come, so joins may lose rows."),
    "foreign key changed": ("CPBF", "Values refer to another dataset or column."),
    "rule added": ("PB", "Partitions or rows that passed may fail the new rule."),
    "rule removed": ("CF", "What the rule kept away may come."),
    "rule tightened": ("PB", "Partitions or rows that passed may fail the tighter rule."),
    "rule loosened": ("CF", "What the old bound kept away may come."),
    "rule changed": ("CPBF", "Neither rule is known to include the other."),
    "rule made blocking": ("PB", "A failure that was only reported now quarantines rows or rejects the partition."),
    "rule made a warning": ("CF", "What the rule kept away is now published with a warning."),
    "rule that never blocks": ("", "The rule is text or below severity error: it is reported and blocks nothing."),
    "partitioning changed": ("CP", "Producers write other folders, and filters on the partition columns change."),
    "table added": ("P", "Producers must deliver the new table."),
    "table removed": ("CF", "Queries on the table fail."),
    "table renamed": ("C", "Queries that use the old name fail."),
    "location changed": ("P", "Producers must deliver to another place; what lands in the old one is not seen."),
    "location added": ("", "A further environment; the others stay as they are."),
    "location removed": ("P", "What lands there is not seen any more."),
    "classification raised": ("C", "Consumers must protect values that they could use freely."),
    "classification lowered": ("", "Values are shown that were masked: make sure that this is meant."),
    "SLA added": ("P", "Producers must keep a service level that was not promised."),
    "SLA removed": ("C", "Consumers lose a promised service level."),
    "SLA tightened": ("P", "Producers must do better than they promised before."),
    "SLA loosened": ("C", "Consumers get less than they were promised."),
    "SLA changed": ("CP", "The promise is another one: neither includes the other."),
    "limit tightened": ("P", "Partitions that were published with this share of bad rows are rejected."),
    "limit loosened": ("C", "Partitions are published that would have been rejected."),
    "calendar changed": ("CP", "Periods begin and end at other times, so keys and deadlines mean something else."),
    "contract retired": ("C", "No partition is judged or published any more."),
    "contract paused": ("C", "It is a draft again: nobody is told when it is broken."),
    "contract deprecated": ("", "Consumers are warned; partitions are still published."),
    "status changed": ("", "The contract becomes binding, or stays as binding as it was."),
    "contract replaced": ("CP", "Another id is another contract: everybody must move to it."),
    "version changed": ("", "The version of the contract itself; see the version rule."),
    "documentation changed": ("", "It describes, routes or explains; no data and no promise changes."),
}  # fmt: skip


def _kind(name: str, letters: str, why: str) -> Kind:
    meant = [_LETTERS[letter] for letter in letters]
    return Kind(
        name=name,
        breaks=tuple(item for item in meant if isinstance(item, Party)),
        incompatible=tuple(item for item in meant if isinstance(item, Direction)),
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
