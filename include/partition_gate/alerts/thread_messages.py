"""The messages of a thread: one root that always shows how its incidents stand, and a reply for each news."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC

from partition_gate.alerts.alert import Alert, blocks_of
from partition_gate.alerts.slack_blocks import Context, Header, Section, block_kit, clean, code, plain
from partition_gate.core.addresses import Tool
from partition_gate.core.display import listed
from partition_gate.core.record import digest
from partition_gate.core.units import roughly
from partition_gate.incidents.model import (
    Event,
    EventKind,
    Incident,
    IncidentState,
    ProblemKind,
    Thread,
    ThreadKind,
    ThreadNews,
)
from partition_gate.judging.attempt import Message

_RED, _GREEN, _EYES, _BELL_OFF = "\U0001f534", "\u2705", "\U0001f440", "\U0001f515"
_LINES_SHOWN = 20
_STATUS_SHOWN = 6
_PREVIEW = 300
_NAMED = 3
_STATE_MARKS = {IncidentState.RESOLVED: _GREEN, IncidentState.ACKED: _EYES, IncidentState.MUTED: _BELL_OFF}


def thread_messages(news: ThreadNews) -> tuple[Message, ...]:
    """The root if it was never sent, else its edit and one reply for each event that people follow.

    Problems that were over before anybody was told are not told.
    """
    thread = news.thread
    if not thread.is_told:
        is_over = not any(incident.is_active for incident in news.incidents)
        return () if is_over else (_root(news),)
    edit = _root(news).model_copy(
        update={"id": digest([thread.id, "edit", news.thread.revision]), "root": thread.id, "is_edit": True}
    )
    replies = () if thread.kind is ThreadKind.DIGEST else _replies(news)
    if thread.tool == Tool.EMAIL and thread.kind is ThreadKind.STORM and _has_doubled(news):
        newer = edit.model_copy(update={"id": digest([thread.id, "list", thread.revision]), "is_edit": False})
        return (edit, newer, *replies)
    return (edit, *replies)


def telling_message(news: ThreadNews, messages: Sequence[Message]) -> str | None:
    """The id of the first of the thread's messages that shows all its problems; None if none does.

    That is the root, an edit of it or, by e-mail (where nothing is sent for an edit), the list that is sent again.
    """
    shown = _root(news).blocks
    sent = (each for each in messages if not (each.is_edit and each.tool == Tool.EMAIL))
    return next((message.id for message in sent if message.blocks == shown), None)


def _has_doubled(news: ThreadNews) -> bool:
    """Whether the number of problems has passed a power of two. An e-mail cannot be edited, and is not repeated for
    each problem: this way 200 problems at once are 8 e-mails.
    """
    count = len(news.incidents)
    opened = sum(event.kind is EventKind.OPENED for event in news.events)
    return count.bit_length() > (count - opened).bit_length()


def _root(news: ThreadNews) -> Message:
    thread = news.thread
    text, blocks = _single(news) if thread.kind is ThreadKind.INCIDENT else _listed(news)
    return Message(
        id=thread.id,
        attempt_id=thread.attempt_id,
        tool=thread.tool,
        channel=thread.channel,
        audience=thread.audience,
        text=clean(text, limit=_PREVIEW),
        blocks=blocks,
    )


def _single(news: ThreadNews) -> tuple[str, str]:
    """The alert that opened the thread, with the state of its incidents above it."""
    alert = Alert.model_validate_json(news.thread.content)
    state = _state_of(news.incidents)
    mark = _STATE_MARKS.get(state, alert.text.mark)
    prefix = f"{state.value.capitalize()}: " if state is IncidentState.RESOLVED else ""
    counted = _since(news.incidents)
    headline = f"{prefix}{alert.text.headline}{counted}"
    numbers = ", ".join(str(incident.id) for incident in news.incidents[:_LINES_SHOWN])
    origin = f"{alert.origin} \u00b7 incident{'s' if len(news.incidents) > 1 else ''} {numbers}"
    # What is over leaves nothing to do.
    steps = () if state is IncidentState.RESOLVED else alert.text.steps
    text = alert.text.model_copy(update={"steps": steps})
    numbered = alert.model_copy(update={"origin": origin, "text": text})
    # The first message needs no status: its reasons are the news.
    status = _status(news.incidents) if news.thread.is_told else ()
    blocks = blocks_of(numbered, headline=f"{mark} {headline}", status=status)
    return f"{headline}. {alert.text.happened}", blocks


def _status(incidents: Sequence[Incident]) -> tuple[str, ...]:
    """One line for each incident, those that need attention first."""
    ordered = sorted(incidents, key=lambda each: (not each.is_active, not each.blocked, each.id))
    lines = [_line(incident) for incident in ordered[:_STATUS_SHOWN]]
    more = len(incidents) - len(lines)
    return (*lines, f"and {more:,} more") if more else tuple(lines)


def _listed(news: ThreadNews) -> tuple[str, str]:
    """Many incidents, the most severe first."""
    thread, count = news.thread, len(news.incidents)
    datasets = len({incident.dataset for incident in news.incidents})
    where = f"in {datasets:,} dataset{'s' if datasets != 1 else ''}"
    more = "more " if thread.kind is ThreadKind.STORM else ""
    counted = f"{count:,} {more}problem{'s' if count != 1 else ''} {where}"
    day = f"{thread.opened_at.astimezone(UTC):%Y-%m-%d}"
    headline = f"{counted}, {day}" if more else f"Digest of {day}: {counted}"
    unresolved = sum(incident.is_active for incident in news.incidents)
    ordered = sorted(news.incidents, key=lambda each: (not each.is_active, not each.blocked, each.dataset))
    lines = [f"{_dataset(incident)} {_line(incident)}" for incident in ordered[:_LINES_SHOWN]]
    if count > _LINES_SHOWN:
        lines.append(f"and {count - _LINES_SHOWN:,} more: `gate incidents list`")
    mark = _GREEN if not unresolved else _RED if any(incident.blocked for incident in ordered) else "\U0001f7e1"
    named = [f"{clean(each.dataset, limit=60)} {clean(each.cause, limit=60)}" for each in ordered]
    text = f"{headline}: {listed(named, _NAMED)}"
    footer = Context(text=f"{_later_news(thread)} Details: gate incidents list")
    return text, block_kit((Header(text=f"{mark} {headline}"), Section(lines=tuple(lines)), footer))


def _later_news(thread: Thread) -> str:
    if thread.tool != Tool.EMAIL:
        return "This message is updated during the day."
    is_digest = thread.kind is ThreadKind.DIGEST
    return "Sent once a day." if is_digest else "Sent again when there are twice as many problems."


def _state_of(incidents: Sequence[Incident]) -> IncidentState:
    """The state that most needs attention."""
    states = {incident.state for incident in incidents}
    order = (IncidentState.OPEN, IncidentState.ACKED, IncidentState.MUTED, IncidentState.RESOLVED)
    return next(state for state in order if state in states)


def _since(incidents: Sequence[Incident]) -> str:
    """`, 13 partitions since 2013-01-01` once there are several."""
    widest = max(incidents, key=lambda each: each.partitions)
    return f", {widest.partitions:,} partitions since {_key(widest.since)}" if widest.partitions > 1 else ""


def _line(incident: Incident) -> str:
    """One line about an incident: its cause, how it stands, and its newest finding."""
    mark = _STATE_MARKS.get(incident.state, "\u2022")
    parts = [f"{mark} {code(incident.cause, limit=80)} {_standing(incident)}"]
    if incident.is_active:
        word = "newest" if incident.partitions > 1 else "in"
        where = f"{word} {code(incident.last_key)}: " if incident.last_key else ""
        parts.append(f"{where}{plain(incident.finding, limit=160)}")
    return "; ".join(parts)


def _still_left_out(incident: Incident) -> str:
    """A rule that newer partitions keep says nothing about the rows that older ones are without."""
    if incident.kind is not ProblemKind.RULE or not incident.keys:
        return ""
    return f"; rows in quarantine of {listed([code(key) for key in incident.keys], _NAMED)} stay there until corrected"


def _standing(incident: Incident) -> str:
    match incident.state:
        case IncidentState.RESOLVED:
            lasted = (incident.resolved_at or incident.last_at) - incident.opened_at
            return f"resolved after {roughly(lasted)}{_by(incident.who)}{_still_left_out(incident)}"
        case IncidentState.ACKED:
            return f"acknowledged{_by(incident.who)}"
        case IncidentState.MUTED:
            until = f" until {incident.muted_until:%Y-%m-%d %H:%M} UTC" if incident.muted_until else ""
            return f"muted{until}{_by(incident.who)}"
        case _:
            blocked = f", {len(incident.blocked):,} not visible" if len(incident.blocked) > 1 else ""
            return f"open{blocked}"


def _replies(news: ThreadNews) -> tuple[Message, ...]:
    by_id = {incident.id: incident for incident in news.incidents}
    found = ((event, by_id[event.incident_id]) for event in news.events if event.incident_id in by_id)
    return tuple(_reply(news.thread, event, incident) for event, incident in found if event.kind in _SENTENCES)


def _reply(thread: Thread, event: Event, incident: Incident) -> Message:
    sentence = _SENTENCES[event.kind](event, incident)
    return Message(
        id=digest([thread.id, "reply", event.number]),
        attempt_id=event.attempt_id,
        tool=thread.tool,
        channel=thread.channel,
        audience=thread.audience,
        text=clean(sentence.replace("`", ""), limit=_PREVIEW),
        blocks=block_kit((Section(lines=(sentence,)),)),
        root=thread.id,
    )


def _again(event: Event, incident: Incident) -> str:
    return f"{_RED} {_dataset(incident)} {code(event.partition_key)} too: {plain(event.text, limit=300)}"


def _acked(event: Event, incident: Incident) -> str:
    return f"{_EYES} {code(incident.cause)} was acknowledged{_by(event.who)}{_because(event)}"


def _muted(event: Event, incident: Incident) -> str:
    return f"{_BELL_OFF} {code(incident.cause)} was {_standing(incident)}{_because(event)}"


def _unmuted(event: Event, incident: Incident) -> str:
    return f"{_RED} {code(incident.cause)}: {plain(event.text, limit=300)}"


def _resolved(event: Event, incident: Incident) -> str:
    return f"{_GREEN} {code(incident.cause)} is resolved{_by(event.who)}{_because(event)}"


def _reopened(event: Event, incident: Incident) -> str:
    where = f" in {code(event.partition_key)}" if event.partition_key else ""
    return f"{_RED} {code(incident.cause)} is back{where}: {plain(event.text, limit=300)}"


def _because(event: Event) -> str:
    separator = ": " if event.who else " "
    return f"{separator}{plain(event.text, limit=300)}" if event.text else ""


def _by(who: str) -> str:
    return f" by {plain(who, limit=60)}" if who else ""


def _dataset(incident: Incident) -> str:
    return code(incident.dataset, limit=80)


def _key(key: str) -> str:
    return clean(key, limit=60)


_SENTENCES: dict[EventKind, Callable[[Event, Incident], str]] = {
    EventKind.AGAIN: _again,
    EventKind.ACKED: _acked,
    EventKind.MUTED: _muted,
    EventKind.UNMUTED: _unmuted,
    EventKind.RESOLVED: _resolved,
    EventKind.REOPENED: _reopened,
}
