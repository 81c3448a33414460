"""What is known when a partition is judged, in addition to the results of its own scan."""

from __future__ import annotations

from pydantic import AwareDatetime

from partition_gate.contract.model import Dataset
from partition_gate.core.partition import Partition
from partition_gate.core.record import Record
from partition_gate.judging.attempt import PublishedPartition
from partition_gate.judging.measurement import Measurement


class SlaContext(Record):
    """A partition, the current time, and the visible partitions that its promises over time cover.

    `is_published`: the passing rows become visible now. `timely` are the rules that decide whether a partition is on
    time, and `in_time` says whether this partition is. `measured_before` are the measurements of the version that is
    visible now; None if there is no such version.
    """

    dataset: Dataset
    partition: Partition
    now: AwareDatetime
    is_published: bool = True
    published: tuple[PublishedPartition, ...] = ()
    timely: frozenset[str] = frozenset()
    in_time: bool = False
    measured_before: tuple[Measurement, ...] | None = None

    @property
    def before(self) -> PublishedPartition | None:
        """The previously published version of the same partition."""
        return next((each for each in self.published if each.partition_key == self.partition.key), None)
