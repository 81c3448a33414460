"""What is known when a partition is judged, beside what its own scan found."""

from __future__ import annotations

from pydantic import AwareDatetime

from partition_gate.contract.model import Dataset
from partition_gate.core.partition import Partition
from partition_gate.core.record import Record
from partition_gate.judging.attempt import PublishedPartition


class SlaContext(Record):
    """A partition, the moment, and the visible partitions that its promises over time are about.

    `is_published`: what passed becomes visible now. `timely` are the rules that say whether a partition came in time,
    and `in_time` whether this one did.
    """

    dataset: Dataset
    partition: Partition
    now: AwareDatetime
    is_published: bool = True
    published: tuple[PublishedPartition, ...] = ()
    timely: frozenset[str] = frozenset()
    in_time: bool = False

    @property
    def before(self) -> PublishedPartition | None:
        """The same partition as it was published before."""
        return next((one for one in self.published if one.partition_key == self.partition.key), None)
