"""What is wrong with a contract file, where, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from partition_gate.core.errors import ContractError
from partition_gate.core.record import Record

TOP = "(top level)"
MAX_LINES = 200


class Level(StrEnum):
    """ERROR: the contract is refused. WARNING: it says something else than it seems to. INFO: good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Record):
    """One finding: `place` as `schema[0].properties[3].required` (empty: the file), `line` from 1, `what; what to do`.

    `rule` is a name of docs/reference/lint.md.
    """

    rule: str
    level: Level
    place: str
    line: int | None = None
    what: str

    def text(self, path: str) -> str:
        """`file: path.to.key: what; what to do (line 12)`; a warning or an info says so before the sentence."""
        kind = "" if self.level is Level.ERROR else f"{self.level.value}: "
        where = f" (line {self.line})" if self.line else ""
        return f"{path}: {self.place or TOP}: {kind}{self.what}{where}"


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that refuse the contract."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)


def refuse(findings: Iterable[Finding], *, path: str) -> None:
    """Nothing, where none of the findings is an error.

    Raises:
        ContractError: one line an error, in the order given; after 200 lines only their number.
    """
    errors = errors_of(findings)
    lines = [finding.text(path) for finding in errors[:MAX_LINES]]
    if len(errors) > MAX_LINES:
        lines.append(f"{path}: {TOP}: and {len(errors) - MAX_LINES:,} more; correct the first ones and try again")
    if lines:
        raise ContractError("\n".join(lines))
