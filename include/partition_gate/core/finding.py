"""A finding: what is wrong with a contract file, where, and how severe it is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from partition_gate.core.display import counted
from partition_gate.core.errors import ContractError
from partition_gate.core.record import Record

TOP = "(top level)"
MAX_LINES = 200


class Level(StrEnum):
    """ERROR: the contract is rejected. WARNING: it does not mean what it seems to. INFO: good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Record):
    """`place` is a path such as `schema[0].properties[3].required` (empty: the file), `line` is 1-based.

    `what` has the form `what; what to do`. `rule` is a name from docs/reference/lint.md.
    """

    rule: str
    level: Level
    place: str
    line: int | None = None
    what: str

    def text(self, path: str) -> str:
        """`file: path.to.key: what; what to do (line 12)`; a warning or an info has its level before the sentence."""
        kind = "" if self.level is Level.ERROR else f"{self.level.value}: "
        where = f" (line {self.line})" if self.line else ""
        return f"{path}: {self.place or TOP}: {kind}{self.what}{where}"


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that cause the contract to be rejected."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)


def refuse(findings: Iterable[Finding], *, path: str) -> None:
    """Reject the contract if any finding is an error.

    Raises:
        ContractError: one line per error, in order; after 200 lines only the number of the rest.
    """
    errors = errors_of(findings)
    lines = [finding.text(path) for finding in errors[:MAX_LINES]]
    if len(errors) > MAX_LINES:
        lines.append(
            f"{path}: {TOP}: {counted(len(errors) - MAX_LINES, 'more error')}; correct the ones above and try again"
        )
    if lines:
        raise ContractError("\n".join(lines))
