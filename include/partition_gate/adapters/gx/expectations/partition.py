"""Our own expectation types, as Great Expectations classes: defining them registers them.

Each has a sentence for Data Docs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    render_suite_parameter_string,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.components import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer

from partition_gate.adapters.gx.metrics import partition as metric

_NAMED = 5
_UNSIGNED_64 = "uint64"
_WIDER = "; for unsigned numbers of 64 bits set logicalTypeOptions.format: u64, and no narrower physicalType"


def name_some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class Sentence:
    """Shows the expectation in Data Docs as `sentence`, whose `$names` are its arguments."""

    sentence: ClassVar[str]

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls,
        configuration: ExpectationConfiguration | None = None,
        result: ExpectationValidationResult | None = None,  # noqa: ARG003 (GX's signature)
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG003 (as above)
    ) -> list[RenderedStringTemplateContent]:
        arguments = {} if configuration is None else dict(configuration.kwargs)
        arguments["types"] = ", ".join(arguments.pop("type_list", ()))
        mostly = arguments.get("mostly") or 1
        tolerance = "" if mostly >= 1 else f", at least {mostly * 100:g} % of the time"
        text = {"template": f"{cls.sentence}{tolerance}.", "params": arguments, "styling": {}}
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=text)]


class AboutBatch(Sentence, BatchExpectation, ABC):
    """Judged by one metric, or by none."""

    @abstractmethod
    def judged(self, found: Any) -> tuple[bool, dict[str, Any]]:
        """Whether it succeeds, and the result, of what the metric found."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 (GX's signature)
        execution_engine: Any = None,  # noqa: ARG002 (as above)
    ) -> dict[str, Any]:
        success, result = self.judged(next((metrics[name] for name in self.metric_dependencies), None))
        return {"success": success, "result": result}


def faultless(faults: list[str], *, named: str = "", otherwise: str) -> tuple[bool, dict[str, Any]]:
    """Success where there is no fault; the first faults are named."""
    return not faults, {"observed_value": f"{named}{name_some(faults)}" if faults else otherwise}


def nothing_lacking(lacking: list[str], alike: list[str]) -> tuple[bool, dict[str, Any]]:
    """Success where no file lacks the name; `alike` are names there that differ from it only by case."""
    success, result = faultless(lacking, named="missing in ", otherwise="in every file")
    if lacking and alike:
        hint = f"; found {name_some(alike)}: names differ only by case; set physicalName"
        result["observed_value"] += hint
    return success, result


def as_typed(mistyped: list[tuple[str, str]], accepted: list[str]) -> tuple[bool, dict[str, Any]]:
    """Success where no file has another type; else the first of them, and the types that the table can hold."""
    success, result = faultless([f"{kind} in {source}" for source, kind in mistyped], otherwise="as promised")
    if mistyped:
        result["observed_value"] += f"; accepted: {', '.join(accepted)}"
    if _UNSIGNED_64 in {kind for _, kind in mistyped} and "int64" in accepted:
        result["observed_value"] += _WIDER
    return success, result


class ExpectPartitionFilesToBeReadable(AboutBatch):
    """Every file is Parquet that can be read to its end. Files with a broken footer never come as far as this."""

    sentence: ClassVar[str] = "Every file must be Parquet that can be read to its end"
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_TOUCHED,)

    def judged(self, found: Any) -> tuple[bool, dict[str, Any]]:  # noqa: ARG002 (that it was found is all)
        return True, {"observed_value": "every file can be read"}


class ExpectPartitionFilesToHaveColumn(AboutBatch):
    """Every file's own footer has the column; a partition column may be absent."""

    sentence: ClassVar[str] = "Every file must have the column $column"
    column: str
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_LACKING,)
    success_keys: ClassVar[tuple[str, ...]] = ("column",)
    args_keys: ClassVar[tuple[str, ...]] = ("column",)

    def judged(self, found: tuple[list[str], list[str]]) -> tuple[bool, dict[str, Any]]:
        return nothing_lacking(*found)


class ExpectPartitionFilesColumnTypeToBeInSet(AboutBatch):
    """Every file's own footer gives the column one of these Arrow types (`footers.type_token`)."""

    sentence: ClassVar[str] = "Every file must store $column as one of: $types"
    column: str
    type_list: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (metric.FILES_MISTYPED,)
    success_keys: ClassVar[tuple[str, ...]] = ("column", "type_list")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "type_list")

    def judged(self, found: list[tuple[str, str]]) -> tuple[bool, dict[str, Any]]:
        return as_typed(found, self.type_list)


class ExpectPromiseOverTimeToBeKept(AboutBatch):
    """A promise that one partition alone can neither keep nor break; the gate judges it after the scan."""

    sentence: ClassVar[str] = "$promise"
    promise: str
    column: str | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = ()
    success_keys: ClassVar[tuple[str, ...]] = ("promise",)
    args_keys: ClassVar[tuple[str, ...]] = ("promise",)

    def judged(self, found: None) -> tuple[bool, dict[str, Any]]:  # noqa: ARG002 (nothing is looked at)
        return True, {}


class ExpectColumnValuesToExistInReference(Sentence, ColumnMapExpectation):
    """Every value stands in a column of another dataset's newest published version; null values are not counted."""

    sentence: ClassVar[str] = "$column values must exist in $reference_column of the published $reference_dataset"
    reference_dataset: str
    reference_column: str
    map_metric: ClassVar[str | None] = metric.IN_REFERENCE
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "reference_dataset", "reference_column")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference_dataset", "reference_column")


class ExpectColumnValuesToEqualPartitionKey(Sentence, ColumnMapExpectation):
    """A partition column that a file holds has the key's value in every row; rows without a value are not counted."""

    sentence: ClassVar[str] = "$column values in the files must equal the partition key's value"
    map_metric: ClassVar[str | None] = metric.EQUALS_PARTITION_KEY
    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)
    args_keys: ClassVar[tuple[str, ...]] = ("column",)
