"""The approved versions of a contract among the states of its file, and the text in which each is kept."""

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
    """The file as it was at a moment; `label` names the commit or the tag."""

    label: str
    at: AwareDatetime
    text: str


class Release(Record):
    """One approved version: the states that the file had under its number, oldest first."""

    version: str
    states: tuple[State, ...]

    @property
    def text(self) -> str:
        """Its last text."""
        return self.states[-1].text


def releases(states: Iterable[State]) -> tuple[Release, ...]:
    """The approved versions, by their first state. `states` are oldest first; drafts and broken ones are left out."""
    found: dict[str, list[State]] = {}
    for state in states:
        try:
            said = read_version(state.text, path=state.label)
        except ContractError:
            continue  # nobody was ever judged by it
        if said.approved:
            found.setdefault(said.version, []).append(state)
    return tuple(Release(version=version, states=tuple(each)) for version, each in found.items())


def kept_text(release: Release, tag: State | None, *, is_first: bool, path: str) -> str:
    """The text in which a version is kept: the approved one, byte for byte where it says since when it is in force.

    Where it does not, and others came before it (`is_first` is false), it is in force since the day of its tag, else
    of its first commit, in the contract's time zone; that is written into it. `path` names it in the error.

    Raises:
        ContractError: its customProperties are not written as a list of lines.
    """
    tagged = tag and next((state.text for state in release.states if state.text == tag.text), None)
    text = tagged or release.text
    if is_first or _custom(load_mapping(text, path=path)).get(EFFECTIVE_FROM) is not None:
        return text
    since = (tag or release.states[0]).at
    return with_effective_from(text, _day(text, since), path=path)


def with_effective_from(text: str, day: date, *, path: str) -> str:
    """The contract's text with the custom property; nothing else changes.

    Raises:
        ContractError: its customProperties are not written as a list of lines.
    """
    line = f'- {{property: {EFFECTIVE_FROM}, value: "{day}"}}\n'
    listed = _LIST.search(text)
    if listed is None and _KEY.search(text):
        what = "is no list of lines, so no day can be added; copy the file there from git, and add by hand:"
        raise ContractError(f"{path}: customProperties: {what} {line.strip()}")
    if listed is None:
        return f"{text.rstrip()}\n\ncustomProperties:\n  {line}"
    start = listed.start("indent")
    return f"{text[:start]}{listed['indent']}{line}{text[start:]}"


def is_approved(text: str, states: Iterable[State]) -> bool:
    """Whether a kept text says what one of the states said; the day since when it is in force may differ."""
    kept = _without_day(load_mapping(text, path=""))
    return any(_without_day(load_mapping(state.text, path="")) == kept for state in states)


def _custom(document: Mapping[str, Any]) -> dict[str, Any]:
    return {each.get("property"): each.get("value") for each in document.get("customProperties") or []}


def _without_day(document: Mapping[str, Any]) -> dict[str, Any]:
    custom = [each for each in document.get("customProperties") or [] if each.get("property") != EFFECTIVE_FROM]
    return {**document, "customProperties": custom}


def _day(text: str, moment: datetime) -> date:
    zone = str(_custom(load_mapping(text, path="")).get("timezone", "UTC"))
    return moment.astimezone(ZoneInfo(zone if is_timezone(zone) else "UTC")).date()
