"""Reads the limits of an object's partitions from `slaProperties` and `customProperties`, its own before the root's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject

from partition_gate.contract.completeness import NOTES
from partition_gate.contract.cron import is_line, looks_like_cron
from partition_gate.contract.limits import (
    ANOMALY_THRESHOLDS,
    DRIFT_THRESHOLDS,
    OBJECT_PROPERTIES,
    OFF,
    Limits,
    Thresholds,
)
from partition_gate.contract.model import Sla
from partition_gate.contract.recovery import RECOVER, recovery_function
from partition_gate.core.errors import ContractError
from partition_gate.core.units import clock, day, duration, fraction, is_timezone


def read_limits(
    odcs: OpenDataContractStandard, schema: SchemaObject, slas: Sequence[Sla], *, at: str, path: str
) -> Limits:
    """The limits of an object's partitions, with defaults for values that the contract does not set.

    A custom property of the object (at this place in the file) comes before that of the contract. A service level with
    a value that is none promises nothing: its compiler says why it is not executable.

    Raises:
        ContractError: a custom property is not a valid percentage, date or time zone.
    """
    custom = _settings(odcs, schema, at=at, path=path)
    by_name = {sla.property: sla for sla in slas}
    error_rate, frequency = (by_name.get(name) for name in ("errorrate", "frequency"))
    starts, support_ends, ends = (
        _day(by_name.get(name)) for name in ("generalavailability", "endofsupport", "endoflife")
    )
    return Limits(
        timezone=_timezone(custom),
        start_date=_date(custom, "startDate"),
        readiness=_readiness(custom),
        calendar=_calendar(custom),
        quarantine_limit=_limit(custom, "quarantineLimit", error_rate, default=Limits().quarantine_limit),
        shrink_limit=_limit(custom, "shrinkLimit", None, default=Limits().shrink_limit),
        anomaly_threshold=_threshold(custom, "anomalies", Limits().anomaly_threshold, ANOMALY_THRESHOLDS),
        drift_threshold=_threshold(custom, "drift", Limits().drift_threshold, DRIFT_THRESHOLDS),
        latency=_latency(slas),
        schedule=_schedule(frequency),
        available_by=clock(by_name["timeofavailability"].value) if "timeofavailability" in by_name else None,
        general_availability=starts,
        end_of_support=support_ends,
        end_of_life=ends,
        effective_from=_date(custom, "effectiveFrom"),
        recover=_recover(custom),
    )


def _latency(slas: Sequence[Sla]) -> timedelta | None:
    """The strictest: each is a promise of its own, and that is the one that people rely on."""
    spans = (duration(sla.value, sla.unit) for sla in slas if sla.property == "latency")
    return min((span for span in spans if span), default=None)


class _Setting(NamedTuple):
    """A custom property: `place` is the file and where it is, for messages."""

    place: str
    value: Any


_Settings = Mapping[str, _Setting]


def _settings(odcs: OpenDataContractStandard, schema: SchemaObject, *, at: str, path: str) -> dict[str, _Setting]:
    """The custom properties that hold for an object, by name."""
    of_contract, of_object = (
        {str(c.property): c.value for c in holder.customProperties or []} for holder in (odcs, schema)
    )
    return {
        **{name: _Setting(f"{path}: customProperties.{name}", value) for name, value in of_contract.items()},
        **{
            name: _Setting(f"{path}: {at}.customProperties.{name}", of_object[name])
            for name in OBJECT_PROPERTIES
            if name in of_object
        },
    }


def _setting(custom: _Settings, name: str, default: object) -> _Setting:
    return custom.get(name) or _Setting("", default)


def _schedule(frequency: Sla | None) -> str | None:
    line = frequency.schedule if frequency else None
    return line if line and looks_like_cron(line) else None


def _limit(custom: _Settings, name: str, sla: Sla | None, *, default: float) -> float:
    setting = custom.get(name)
    if setting is None or setting.value is None:
        promised = fraction(sla.value, sla.unit or "percent") if sla else None
        return default if promised is None else promised
    limit = fraction(setting.value)
    if limit is None:
        raise ContractError(f"{setting.place}: {setting.value!r} is not a percentage: write one such as 5%")
    return limit


def _threshold(custom: _Settings, name: str, default: float | None, allowed: Thresholds) -> float | None:
    place, value = _setting(custom, name, default)
    if problem := allowed.problem(value):
        raise ContractError(f"{place}: {value!r} {problem}")
    return None if value == OFF else float(str(value))


def _timezone(custom: _Settings) -> str:
    place, name = _setting(custom, "timezone", "UTC")
    if not is_timezone(str(name)):
        what = f"{str(name)!r} is not an IANA time zone: write one such as Europe/Berlin or UTC"
        raise ContractError(f"{place}: {what}")
    return str(name)


def _date(custom: _Settings, name: str) -> date | None:
    place, value = _setting(custom, name, None)
    try:
        return date.fromisoformat(str(value)[:10]) if value is not None else None
    except ValueError:
        raise ContractError(f"{place}: {value!r} is not a date: write one such as 2026-01-31") from None


def _day(sla: Sla | None) -> date | None:
    return day(sla.value) if sla else None


def _calendar(custom: _Settings) -> str:
    place, value = _setting(custom, "calendar", Limits().calendar)
    word = str(value)
    if word in {"all", "weekdays"} or is_line(word):
        return word
    raise ContractError(
        f"{place}: {word!r} is not a calendar: write all, weekdays or a cron expression with five fields"
    )


def _recover(custom: _Settings) -> str:
    place, value = _setting(custom, RECOVER, "")
    if not value:
        return ""
    try:
        recovery_function(value)
    except ValueError as error:
        raise ContractError(f"{place}: {error}") from None
    return str(value)


def _readiness(custom: _Settings) -> str:
    place, value = _setting(custom, "readiness", Limits().readiness)
    rule = str(value)
    kind, _, span = rule.partition(":")
    if rule not in NOTES and (kind != "quiet" or duration(span) is None):
        what = f"{rule!r} is not a readiness rule: write success_marker, manifest or one such as quiet:120s"
        raise ContractError(f"{place}: {what}")
    return rule
