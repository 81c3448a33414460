"""Limits of a contract's partitions: from `slaProperties` and the root's `customProperties`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard

from partition_gate.contract.completeness import NOTES
from partition_gate.contract.cron import is_line
from partition_gate.contract.limits import Limits
from partition_gate.contract.model import Sla
from partition_gate.core.errors import ContractError
from partition_gate.core.units import duration, fraction, is_timezone


def read_limits(odcs: OpenDataContractStandard, slas: Sequence[Sla], *, path: str) -> Limits:
    """The limits of a contract's partitions, with our defaults where it is silent.

    Raises:
        ContractError: a value that is no time span, share, date or time zone.
    """
    custom = {str(c.property): c.value for c in odcs.customProperties or []}
    by_name = {sla.property: sla for sla in slas}
    latency, error_rate, frequency = (by_name.get(name) for name in ("latency", "errorrate", "frequency"))
    starts, support_ends, ends = (
        _day(by_name.get(name), path) for name in ("generalavailability", "endofsupport", "endoflife")
    )
    return Limits(
        timezone=_timezone(custom, path),
        start_date=_date(custom.get("startDate"), f"{path}: customProperties.startDate"),
        readiness=_readiness(custom, path),
        calendar=_calendar(custom, path),
        quarantine_limit=_limit(custom, "quarantineLimit", path, error_rate, default=Limits().quarantine_limit),
        shrink_limit=_limit(custom, "shrinkLimit", path, None, default=Limits().shrink_limit),
        latency=_latency(latency, path),
        schedule=frequency.schedule if frequency else None,
        available_by=_clock(by_name.get("timeofavailability"), path),
        general_availability=starts,
        end_of_support=support_ends,
        end_of_life=ends,
        effective_from=_date(custom.get("effectiveFrom"), f"{path}: customProperties.effectiveFrom"),
    )


def _latency(sla: Sla | None, path: str) -> Any:
    if sla is None:
        return None
    span = duration(sla.value, sla.unit)
    if span is None:
        raise ContractError(
            f"{path}: {sla.path}: {sla.value!r} {sla.unit or ''} is no time span; write `value: 4`, `unit: h`"
        )
    return span


def _limit(custom: Mapping[str, Any], name: str, path: str, sla: Sla | None, *, default: float) -> float:
    value, unit = (
        (custom[name], None) if name in custom else (sla.value, sla.unit or "percent") if sla else (None, None)
    )
    if value is None:
        return default
    share = fraction(value, unit)
    if share is None:
        place = f"customProperties.{name}" if name in custom else "slaProperties errorRate"
        raise ContractError(f"{path}: {place}: {value!r} is no share; write a percentage such as '5%'")
    return share


def _timezone(custom: Mapping[str, Any], path: str) -> str:
    name = str(custom.get("timezone", "UTC"))
    if not is_timezone(name):
        raise ContractError(
            f"{path}: customProperties.timezone: {name!r} is no IANA time zone; write Europe/Berlin or UTC"
        )
    return name


def _date(value: Any, place: str) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value is not None else None
    except ValueError:
        raise ContractError(f"{place}: {value!r} is no date; write 2026-01-31") from None


def _day(sla: Sla | None, path: str) -> date | None:
    return _date(sla.value, f"{path}: {sla.path}") if sla else None


def _clock(sla: Sla | None, path: str) -> time | None:
    """`7:30`, `07:30` or `07:30-05:00`."""
    if sla is None:
        return None
    text = str(sla.value).replace(" ", "")
    try:
        return time.fromisoformat(text if text[1:2] != ":" else f"0{text}")
    except ValueError:
        raise ContractError(
            f"{path}: {sla.path}: {sla.value!r} is no clock time; write '07:30' or '07:30-05:00', in quotes"
        ) from None


def _calendar(custom: Mapping[str, Any], path: str) -> str:
    word = str(custom.get("calendar", Limits().calendar))
    if word in {"all", "weekdays"} or is_line(word):
        return word
    place = f"{path}: customProperties.calendar"
    raise ContractError(f"{place}: {word!r} is no calendar; write all, weekdays or a cron line of five fields")


def _readiness(custom: Mapping[str, Any], path: str) -> str:
    rule = str(custom.get("readiness", Limits().readiness))
    kind, _, span = rule.partition(":")
    if rule not in NOTES and (kind != "quiet" or duration(span) is None):
        place = f"{path}: customProperties.readiness"
        raise ContractError(f"{place}: {rule!r} is no readiness; write success_marker, manifest or quiet:120s")
    return rule
