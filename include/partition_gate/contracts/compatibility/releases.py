"""The approved versions of a contract in the history of its file, and the text that is stored for each version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from partition_gate.contracts.compatibility.report import read_version
from partition_gate.core.errors import ContractError
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import load_mapping
from partition_gate.core.units import is_timezone

EFFECTIVE_FROM = "effectiveFrom"
_LIST = re.compile(r"^customProperties:[ \t]*(?:#.*)?\n(?P<indent>[ ]*)- ", re.MULTILINE)
_KEY = re.compile(r"^customProperties\b", re.MULTILINE)


class State(Record):
    """The contract file at a point in time; `label` names the commit or the tag."""

    label: str
    at: AwareDatetime
    text: str


class Release(Record):
    """One approved version: the states of the file with this version number, oldest first."""

    version: str
    states: tuple[State, ...]

    @property
    def text(self) -> str:
        """Its last text."""
        return self.states[-1].text


def releases(states: Iterable[State]) -> tuple[Release, ...]:
    """The approved versions, by their first state. `states` are oldest first; drafts and broken states are skipped."""
    by_version: dict[str, list[State]] = {}
    for state in states:
        try:
            contract = read_version(state.text, path=state.label)
        except ContractError:
            continue  # a broken contract never judged a partition
        if contract.approved:
            by_version.setdefault(contract.version, []).append(state)
    return tuple(Release(version=version, states=tuple(group)) for version, group in by_version.items())


def kept_text(release: Release, tag: State | None, *, is_first: bool, path: str) -> str:
    """The text that is stored for a kept version: the approved text, unchanged if it has `effectiveFrom`.

    Otherwise, unless it is the first version (`is_first`), `effectiveFrom` is added: the day of its tag, else of its
    first commit, in the contract's time zone. `path` names the file in the error.

    Raises:
        ContractError: customProperties is not written as a block list.
    """
    tagged = tag and next((state.text for state in release.states if state.text == tag.text), None)
    text = tagged or release.text
    if is_first or _custom(load_mapping(text, path=path)).get(EFFECTIVE_FROM) is not None:
        return text
    since = (tag or release.states[0]).at
    return with_effective_from(text, _day(text, since), path=path)


def with_effective_from(text: str, day: date, *, path: str) -> str:
    """The contract's text with the custom property `effectiveFrom`; nothing else changes.

    Raises:
        ContractError: customProperties is not written as a block list.
    """
    line = f'- {{property: {EFFECTIVE_FROM}, value: "{day}"}}\n'
    listed = _LIST.search(text)
    if listed is None and _KEY.search(text):
        what = "is not a block list, so effectiveFrom cannot be added; copy the file from git to this path and add"
        raise ContractError(f"{path}: customProperties: {what} {line.strip()}")
    if listed is None:
        return f"{text.rstrip()}\n\ncustomProperties:\n  {line}"
    start = listed.start("indent")
    return f"{text[:start]}{listed['indent']}{line}{text[start:]}"


def is_approved(text: str, states: Iterable[State]) -> bool:
    """Whether a kept text has the same content as one of the states, ignoring `effectiveFrom`."""
    kept = _without_day(load_mapping(text, path=""))
    return any(_without_day(load_mapping(state.text, path="")) == kept for state in states)


def _custom(document: Mapping[str, Any]) -> dict[str, Any]:
    return {item.get("property"): item.get("value") for item in document.get("customProperties") or []}


def _without_day(document: Mapping[str, Any]) -> dict[str, Any]:
    custom = [item for item in document.get("customProperties") or [] if item.get("property") != EFFECTIVE_FROM]
    return {**document, "customProperties": custom}


def _day(text: str, moment: datetime) -> date:
    zone = str(_custom(load_mapping(text, path="")).get("timezone", "UTC"))
    return moment.astimezone(ZoneInfo(zone if is_timezone(zone) else "UTC")).date()
