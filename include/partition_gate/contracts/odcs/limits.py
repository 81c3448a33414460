"""Reads the limits of a contract's partitions from `slaProperties` and the root's `customProperties`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard

from partition_gate.contract.completeness import NOTES
from partition_gate.contract.cron import is_line, looks_like_cron
from partition_gate.contract.limits import ANOMALY_THRESHOLDS, DRIFT_THRESHOLDS, OFF, Limits, Thresholds
from partition_gate.contract.model import Sla
from partition_gate.core.errors import ContractError
from partition_gate.core.units import clock, day, duration, fraction, is_timezone


def read_limits(odcs: OpenDataContractStandard, slas: Sequence[Sla], *, path: str) -> Limits:
    """The limits of a contract's partitions, with defaults for values that the contract does not set.

    A service level with a value that is none promises nothing: its compiler says why it is not executable.

    Raises:
        ContractError: a custom property is not a valid percentage, date or time zone.
    """
    custom = {str(c.property): c.value for c in odcs.customProperties or []}
    by_name = {sla.property: sla for sla in slas}
    latency, error_rate, frequency = (by_name.get(name) for name in ("latency", "errorrate", "frequency"))
    starts, support_ends, ends = (
        _day(by_name.get(name)) for name in ("generalavailability", "endofsupport", "endoflife")
    )
    return Limits(
        timezone=_timezone(custom, path),
        start_date=_date(custom.get("startDate"), f"{path}: customProperties.startDate"),
        readiness=_readiness(custom, path),
        calendar=_calendar(custom, path),
        quarantine_limit=_limit(custom, "quarantineLimit", path, error_rate, default=Limits().quarantine_limit),
        shrink_limit=_limit(custom, "shrinkLimit", path, None, default=Limits().shrink_limit),
        anomaly_threshold=_threshold(custom, "anomalies", Limits().anomaly_threshold, ANOMALY_THRESHOLDS, path),
        drift_threshold=_threshold(custom, "drift", Limits().drift_threshold, DRIFT_THRESHOLDS, path),
        latency=duration(latency.value, latency.unit) if latency else None,
        schedule=_schedule(frequency),
        available_by=clock(by_name["timeofavailability"].value) if "timeofavailability" in by_name else None,
        general_availability=starts,
        end_of_support=support_ends,
        end_of_life=ends,
        effective_from=_date(custom.get("effectiveFrom"), f"{path}: customProperties.effectiveFrom"),
    )


def _schedule(frequency: Sla | None) -> str | None:
    line = frequency.schedule if frequency else None
    return line if line and looks_like_cron(line) else None


def _limit(custom: Mapping[str, Any], name: str, path: str, sla: Sla | None, *, default: float) -> float:
    if custom.get(name) is None:
        promised = fraction(sla.value, sla.unit or "percent") if sla else None
        return default if promised is None else promised
    limit = fraction(custom[name])
    if limit is None:
        raise ContractError(
            f"{path}: customProperties.{name}: {custom[name]!r} is not a percentage: write one such as 5%"
        )
    return limit


def _threshold(
    custom: Mapping[str, Any], name: str, default: float | None, allowed: Thresholds, path: str
) -> float | None:
    value = custom.get(name, default)
    if problem := allowed.problem(value):
        raise ContractError(f"{path}: customProperties.{name}: {value!r} {problem}")
    return None if value == OFF else float(str(value))


def _timezone(custom: Mapping[str, Any], path: str) -> str:
    name = str(custom.get("timezone", "UTC"))
    if not is_timezone(name):
        what = f"{name!r} is not an IANA time zone: write one such as Europe/Berlin or UTC"
        raise ContractError(f"{path}: customProperties.timezone: {what}")
    return name


def _date(value: Any, place: str) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value is not None else None
    except ValueError:
        raise ContractError(f"{place}: {value!r} is not a date: write one such as 2026-01-31") from None


def _day(sla: Sla | None) -> date | None:
    return day(sla.value) if sla else None


def _calendar(custom: Mapping[str, Any], path: str) -> str:
    word = str(custom.get("calendar", Limits().calendar))
    if word in {"all", "weekdays"} or is_line(word):
        return word
    place = f"{path}: customProperties.calendar"
    raise ContractError(
        f"{place}: {word!r} is not a calendar: write all, weekdays or a cron expression with five fields"
    )


def _readiness(custom: Mapping[str, Any], path: str) -> str:
    rule = str(custom.get("readiness", Limits().readiness))
    kind, _, span = rule.partition(":")
    if rule not in NOTES and (kind != "quiet" or duration(span) is None):
        place = f"{path}: customProperties.readiness"
        what = f"{rule!r} is not a readiness rule: write success_marker, manifest or one such as quiet:120s"
        raise ContractError(f"{place}: {what}")
    return rule
