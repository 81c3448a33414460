"""Our own expectation types as Great Expectations classes. Defining a class registers it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation

from partition_gate.adapters.gx.metrics import partition as metric
from partition_gate.core.display import listed

_NAMED = 5
_UNSIGNED_64 = "uint64"
_WIDER = "; for unsigned numbers of 64 bits set logicalTypeOptions.format: u64, and no narrower physicalType"


def name_some(names: list[str]) -> str:
    """The first few names, and the number of the others."""
    return listed(names, _NAMED)


class AboutBatch(BatchExpectation, ABC):
    """An expectation on the whole partition, judged by one metric or by none."""

    @abstractmethod
    def judged(self, metric_value: Any) -> tuple[bool, dict[str, Any]]:
        """Whether the expectation is met, and its result, for a value of the metric."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 (GX's signature)
        execution_engine: Any = None,  # noqa: ARG002 (as above)
    ) -> dict[str, Any]:
        success, result = self.judged(next((metrics[name] for name in self.metric_dependencies), None))
        return {"success": success, "result": result}


def faultless(faults: list[str], *, named: str = "", otherwise: str) -> tuple[bool, dict[str, Any]]:
    """Success if there are no faults; otherwise the first faults are named."""
    return not faults, {"observed_value": f"{named}{name_some(faults)}" if faults else otherwise}


def nothing_lacking(
    lacking: list[str], alike: Sequence[str], repeating: Sequence[str] = ()
) -> tuple[bool, dict[str, Any]]:
    """Success if no file lacks the name; `alike` are names in these files that differ only in case, and `repeating`
    are the files that have the column several times.
    """
    if repeating:
        return faultless([*repeating], named="several columns have this name in ", otherwise="")
    success, result = faultless(lacking, named="missing in ", otherwise="in every file")
    if lacking and alike:
        hint = f"; found {name_some([*alike])}: names differ only by case; set physicalName"
        result["observed_value"] += hint
    return success, result


def as_typed(mistyped: list[tuple[str, str]], accepted: list[str]) -> tuple[bool, dict[str, Any]]:
    """Success if no file has another type; otherwise the first such files and the accepted types."""
    success, result = faultless([f"{kind} in {source}" for source, kind in mistyped], otherwise="as promised")
    if mistyped:
        result["observed_value"] += f"; accepted: {', '.join(accepted)}"
    if _UNSIGNED_64 in {kind for _, kind in mistyped} and "int64" in accepted:
        result["observed_value"] += _WIDER
    return success, result


class ExpectPartitionFilesToBeReadable(AboutBatch):
    """Every file is Parquet and readable to its end. Files with a broken footer are reported before this check runs."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_TOUCHED,)

    def judged(self, metric_value: Any) -> tuple[bool, dict[str, Any]]:  # noqa: ARG002 (computing it is enough)
        return True, {"observed_value": "every file can be read"}


class ExpectPartitionFilesToHaveColumn(AboutBatch):
    """The footer of every file has the column; a partition column may be absent."""

    column: str
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_LACKING,)
    success_keys: ClassVar[tuple[str, ...]] = ("column",)
    args_keys: ClassVar[tuple[str, ...]] = ("column",)

    def judged(self, metric_value: list[list[str]]) -> tuple[bool, dict[str, Any]]:
        return nothing_lacking(*metric_value)


class ExpectPartitionFilesColumnTypeToBeInSet(AboutBatch):
    """In the footer of every file, the column has one of these Arrow types (`parquet_files.type_token`)."""

    column: str
    type_list: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_MISTYPED,)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "type_list")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "type_list")

    def judged(self, metric_value: list[tuple[str, str]]) -> tuple[bool, dict[str, Any]]:
        return as_typed(metric_value, self.type_list)


class ExpectPromiseOverTimeToBeKept(AboutBatch):
    """A promise over time: one partition alone cannot decide it, so the gate judges it after the scan."""

    promise: str
    column: str | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = ()
    success_keys: ClassVar[tuple[str, ...]] = ("promise",)
    args_keys: ClassVar[tuple[str, ...]] = ("promise",)

    def judged(self, metric_value: None) -> tuple[bool, dict[str, Any]]:  # noqa: ARG002 (there is no metric)
        return True, {}


class ExpectColumnValuesToExistInReference(ColumnMapExpectation):
    """Every value exists in a column of another dataset's newest published version; null values are not counted."""

    reference_dataset: str
    reference_column: str
    map_metric: ClassVar[str | None] = metric.IN_REFERENCE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "reference_dataset", "reference_column")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference_dataset", "reference_column")


class ExpectColumnValuesToEqualPartitionKey(ColumnMapExpectation):
    """A partition column in the files equals the key's value in every row; rows without a value are not counted."""

    map_metric: ClassVar[str | None] = metric.EQUALS_PARTITION_KEY
    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)
    args_keys: ClassVar[tuple[str, ...]] = ("column",)
