"""Messages for Slack: whatever names and findings say, Slack accepts them and sees no markup, mention or link."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from hypothesis import strategies as st
from tests.fuzz.target import Target

from partition_gate.alerts.alert import Alert
from partition_gate.alerts.slack_blocks import (
    Block,
    Button,
    Buttons,
    Context,
    Header,
    Section,
    block_kit,
    bold,
    clean,
    code,
    plain,
)
from partition_gate.alerts.thread_messages import telling_message, thread_messages
from partition_gate.alerts.wording import AlertText
from partition_gate.incidents.model import (
    Audience,
    Event,
    EventKind,
    Incident,
    IncidentState,
    ProblemKind,
    Thread,
    ThreadKind,
    ThreadNews,
)
from partition_gate.testing.slack_rules import check_post

_HOSTILE = (
    *(
        "<!channel>",
        "<@U1>",
        "@here",
        "<https://x.example|click>",
        "&lt;!channel&gt;",
        "&",
        "*b*",
        "_i_",
        "~s~",
        "`",
        "```",
    ),
    *(
        ":fire:",
        ":a",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\u202e",
        "\u200b",
        "\u2028",
        "\ufeff",
        "e\u0301",
        "😀",
        "&amp;",
        "x" * 3500,
    ),
    *(
        "<" * 400,
        "&" * 3000,
        "`" * 200,
        "\U000e0041",
        "\u2066",
        ">",
        "|",
        "http://[",
        "https://h.example/a",
        "javascript:alert(1)",
    ),
)
_NEVER = re.compile("[<>\0\u202a-\u202e\u2066-\u2069]")
_ACTIVE = re.compile(f"{_NEVER.pattern}|&(?!(?:amp|lt|gt);)")
_words = st.lists(st.sampled_from(_HOSTILE) | st.text(max_size=10), max_size=3).map("".join)
_lone = st.text(st.characters(), max_size=30)  # surrogates, too
_times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_keys = st.lists(_words, max_size=4).map(tuple)
_incidents = st.builds(
    Incident,
    id=st.integers(1, 40),
    dataset=_words,
    contract=_words,
    cause=_words,
    kind=st.sampled_from(ProblemKind),
    state=st.sampled_from(IncidentState),
    finding=_words,
    opened_at=_times,
    since=_words,
    last_key=_words,
    last_position=_words,
    last_at=_times,
    keys=_keys,
    blocked=_keys,
    partitions=st.integers(0, 10**9),
    who=_words,
    why=_words,
    muted_until=st.none() | _times,
    resolved_at=st.none() | _times,
)
_events = st.builds(
    Event,
    number=st.integers(1, 99),
    incident_id=st.integers(1, 40),
    kind=st.sampled_from(EventKind),
    at=_times,
    partition_key=_words,
    who=_words,
    text=_words,
)
_buttons = st.builds(
    Button, label=_words, url=_words | st.sampled_from(("https://a.example", "http://[", "https://b/é"))
)
_inert = st.builds(lambda make, text: make(text), st.sampled_from((plain, code, bold)), _words)
_lines = st.lists(_inert, max_size=8).map(tuple)
_facts = st.lists(st.tuples(_words, _inert), max_size=12).map(tuple)
_texts = st.builds(
    AlertText,
    mark=st.just("!"),
    headline=_words.map(clean),
    happened=st.just("All rows are in quarantine."),
    facts=_facts,
    why=_lines,
    steps=_lines,
)
_alerts = st.builds(Alert, text=_texts, buttons=st.lists(_buttons, max_size=7).map(tuple), origin=_words)
_rows = st.builds(Buttons, buttons=st.lists(_buttons, max_size=7).map(tuple))
_block: st.SearchStrategy[Block] = st.one_of(
    st.builds(Header, text=_words | _lone),
    st.builds(Context, text=_words),
    st.builds(Section, lines=_lines, fields=_facts),
)
_blocks = st.tuples(st.lists(_block, max_size=14), _rows).map(lambda drawn: [drawn[1], *drawn[0]])


@st.composite
def news(draw: st.DrawFn) -> ThreadNews:
    """A thread with one to thirty incidents; its events may be about incidents of another thread."""
    thread = Thread(
        id="root",
        kind=draw(st.sampled_from(ThreadKind)),
        tool=draw(st.sampled_from(("slack", "email"))),
        channel="#data",
        audience=draw(st.sampled_from(Audience)),
        opened_at=draw(_times),
        content=draw(_alerts).model_dump_json(),
        is_told=draw(st.booleans()),
    )
    incidents = draw(st.lists(_incidents, min_size=1, max_size=draw(st.sampled_from((1, 2, 30)))))
    return ThreadNews(thread=thread, incidents=tuple(incidents), events=tuple(draw(st.lists(_events, max_size=4))))


def check_news(given: ThreadNews) -> None:
    """Slack accepts each message of a thread, and none has an active character of a name."""
    messages = thread_messages(given)
    telling_message(given, messages)
    for message in messages:
        _check_message(message.text, message.blocks)


def check_blocks(given: list[Block]) -> None:
    """Slack accepts any blocks, or there are none left to send."""
    if (wired := block_kit(given)) != "[]":
        _check_message("text", wired)


def check_inert(text: str) -> None:
    """No text becomes markup, also not one with broken characters."""
    for shown in (plain(text), code(text), bold(text)):
        shown.encode()
        _require_inert(shown, active=_ACTIVE)


def _check_message(text: str, blocks: str) -> None:
    wired = json.loads(blocks)
    check_post({"channel": "#data", "text": text, "blocks": wired})
    blocks.encode()
    for block in wired:
        for part in [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]:
            if part and part["type"] in {"mrkdwn", "plain_text"}:
                _require_inert(part["text"], active=_ACTIVE if part["type"] == "mrkdwn" else _NEVER)


def _require_inert(text: str, *, active: re.Pattern[str]) -> None:
    if active.search(text):
        raise AssertionError("a message has an active or invisible character")


TARGETS = (
    Target("threads", news(), check_news, weight=5),
    Target("blocks", _blocks, check_blocks, weight=8),
    Target("inert text", _words | _lone, check_inert, weight=10),
)
