"""What a schema registry would answer about a new schema: compatible with the earlier ones, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from partition_gate.contracts.avro.resolution import Incompatibility, resolve
from partition_gate.contracts.avro.types import AvroSchema
from partition_gate.contracts.compatibility.changes import Mode
from partition_gate.contracts.compatibility.rules import Direction
from partition_gate.core.record import Record


class Compatibility(StrEnum):
    """The compatibility levels of a registry: our modes, and NONE, in which everything is compatible."""

    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"
    FULL = "FULL"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"
    NONE = "NONE"

    @property
    def mode(self) -> Mode | None:
        """The mode of a contract's comparison that asks the same; None for NONE."""
        return None if self is Compatibility.NONE else Mode(self.value)


class RegistryAnswer(Record):
    """The answer, and for each direction and earlier schema what is not compatible.

    `changed_meanings` are compatible for a registry, but values would be read as others.
    """

    compatibility: Compatibility
    new: str
    against: tuple[str, ...]
    incompatibilities: tuple[Incompatibility, ...]
    changed_meanings: tuple[Incompatibility, ...]

    @property
    def is_compatible(self) -> bool:
        return not self.incompatibilities


def answer(new: AvroSchema, earlier: Sequence[AvroSchema], level: Compatibility) -> RegistryAnswer:
    """Compare with the last of the earlier schemas or, at a transitive level, with each; `earlier` is oldest first."""
    mode = level.mode
    compared = tuple(earlier) if mode is None or mode.transitive else tuple(earlier)[-1:]
    resolutions = [
        resolve(new, old, direction=direction)
        if direction is Direction.BACKWARD
        else resolve(old, new, direction=direction)
        for old in compared
        for direction in (mode.directions if mode else ())
    ]
    return RegistryAnswer(
        compatibility=level,
        new=new.label,
        against=tuple(each.label for each in compared),
        incompatibilities=tuple(each for found in resolutions for each in found.incompatibilities),
        changed_meanings=tuple(each for found in resolutions for each in found.changed_meanings),
    )
