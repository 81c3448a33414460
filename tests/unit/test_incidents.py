"""Incidents: one for each lasting problem, silent while it is known, over when it is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.alerts.alert import Alert
from partition_gate.alerts.wording import AlertText
from partition_gate.core.errors import CannotAct
from partition_gate.gate.notify import announce
from partition_gate.incidents.actions import Action, ActionKind
from partition_gate.incidents.model import Assessment, Audience, EventKind, IncidentState, Problem
from partition_gate.judging.attempt import OutboxEntry
from partition_gate.testing.builders import NOON, a_notice, a_problem, an_assessment
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = "origin.known"


def in_order(*causes: str, key: str, summary: str = "") -> Assessment:
    return an_assessment(key=key, in_order=frozenset(causes), notices=(), summary=summary)


class Watched:
    """The incidents of a dataset over time, and what people in its channel have read."""

    def __init__(self) -> None:
        self.ledger, self.clock = InMemoryLedger(), FakeClock()

    def assess(self, assessment: Assessment) -> None:
        self.ledger.assess(assessment, now=self.clock.now())

    def problem(self, *problems: Problem, key: str, **changes: Any) -> None:
        self.assess(an_assessment(*problems, key=key, **changes))

    def daily(self, *problems: Problem, days: int) -> None:
        for day in range(1, days + 1):
            self.problem(*problems, key=f"2026-11-{day:02}")
            self.read()

    def act(self, kind: ActionKind, incident_id: int = 1, **changes: object) -> None:
        action = Action(kind=kind, who="ann").model_copy(update=changes)
        self.ledger.act(incident_id, action, now=self.clock.now())

    def read(self) -> list[str]:
        """The messages that are new since the last time: `root`, `edit` or `reply`, and the text."""
        announce(self.ledger, self.clock)
        texts = []
        while entry := self.ledger.claim_message(now=self.clock.now(), lease=HOUR):
            message = entry.message
            texts.append(f"{'edit' if message.is_edit else 'reply' if message.root else 'root'}: {message.text}")
            self.ledger.mark_sent(message.id, ts=message.root or message.id, now=self.clock.now())
        return texts

    @property
    def roots(self) -> list[OutboxEntry]:
        """First messages and their edits."""
        return [entry for entry in self.ledger.messages() if entry.message.is_edit or not entry.message.root]

    @property
    def states(self) -> list[str]:
        return [f"{each.cause} {each.state.value}" for each in reversed(self.ledger.incidents(active_only=False))]


@pytest.fixture
def watched() -> Watched:
    return Watched()


# What opens, repeats and resolves an incident


def test_a_problem_of_thirteen_days_is_one_incident_with_a_count(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=13)

    (incident,) = watched.ledger.incidents()
    assert (incident.partitions, incident.since, incident.last_key) == (13, "2026-11-01", "2026-11-13")


def test_a_problem_that_blocks_nothing_ends_with_the_next_partition_in_order(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=2)

    watched.assess(in_order(RULE, key="2026-11-03"))

    assert watched.states == [f"{RULE} resolved"]


def test_an_older_partition_in_order_does_not_end_it(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=2)

    watched.assess(in_order(RULE, key="2026-10-31"))

    assert watched.states == [f"{RULE} open"]


def test_its_only_partition_corrected_ends_it(watched: Watched) -> None:
    watched.problem(a_problem(RULE), key="2026-11-01")

    watched.assess(in_order(RULE, key="2026-11-01"))

    assert watched.states == [f"{RULE} resolved"]


def test_a_partition_that_is_not_visible_keeps_its_incident_open_whatever_follows(watched: Watched) -> None:
    watched.problem(a_problem(blocks=True), key="2026-11-01")

    watched.assess(in_order("missing", key="2026-11-02"))
    still_open = watched.states
    watched.assess(in_order("missing", key="2026-11-01"))

    assert (still_open, watched.states) == (["missing open"], ["missing resolved"])


def test_a_cause_that_was_not_examined_stays_as_it_is(watched: Watched) -> None:
    watched.problem(a_problem(RULE), key="2026-11-01")

    watched.problem(a_problem(blocks=True), key="2026-11-02")

    assert watched.states == [f"{RULE} open", "missing open"]


@pytest.mark.parametrize(
    ("later", "states"),
    [(23 * HOUR, ["missing open"]), (25 * HOUR, ["missing resolved", "missing open"])],
)
def test_a_problem_that_comes_back_within_a_day_is_the_same_incident(
    watched: Watched, later: timedelta, states: list[str]
) -> None:
    watched.problem(a_problem(blocks=True), key="2026-11-01")
    watched.assess(in_order("missing", key="2026-11-01"))
    watched.clock.forward(later)

    watched.problem(a_problem(blocks=True), key="2026-11-01")

    assert watched.states == states


def test_a_problem_that_comes_back_shows_the_partition_that_has_it_now(watched: Watched) -> None:
    watched.problem(a_problem(RULE, finding="two rows"), key="2026-11-02")
    watched.assess(in_order(RULE, key="2026-11-02"))

    watched.problem(a_problem(RULE, finding="eight rows"), key="2026-11-01")

    (incident,) = watched.ledger.incidents()
    assert (incident.last_key, incident.finding) == ("2026-11-01", "eight rows")


def test_a_repaired_partition_is_no_longer_the_newest_of_its_problem(watched: Watched) -> None:
    watched.problem(a_problem(blocks=True, finding="no file for the 1st"), key="2026-11-01")
    watched.problem(a_problem(blocks=True, finding="no file for the 2nd"), key="2026-11-02")

    watched.assess(in_order("missing", key="2026-11-02"))

    (incident,) = watched.ledger.incidents()
    assert (incident.last_key, incident.finding) == ("2026-11-01", "see the page of 2026-11-01")


def test_what_is_over_says_which_rows_are_still_left_out(watched: Watched) -> None:
    watched.problem(a_problem(RULE), key="2026-11-01")
    watched.read()
    watched.assess(in_order(RULE, key="2026-11-02"))
    watched.read()

    assert "rows in quarantine of `2026-11-01` stay there until corrected" in watched.roots[0].message.blocks


def test_a_forgotten_partition_had_no_problem(watched: Watched) -> None:
    watched.problem(a_problem(blocks=True), key="2026-11-01")
    watched.problem(a_problem(blocks=True), key="2026-11-02")

    watched.ledger.forget_problems("orders", "2026-11-01", NOON)
    one_left = watched.states
    watched.ledger.forget_problems("orders", "2026-11-02", NOON)

    assert (one_left, watched.states) == (["missing open"], ["missing resolved"])


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=30))
def test_an_incident_is_active_exactly_while_a_partition_is_not_visible(steps: list[tuple[bool, int]]) -> None:
    watched, missing = Watched(), set[str]()
    for is_missing, day in steps:
        key = f"2026-11-{day:02}"
        watched.assess(an_assessment(a_problem(blocks=True), key=key) if is_missing else in_order("missing", key=key))
        missing = missing | {key} if is_missing else missing - {key}

    active = watched.ledger.incidents()
    assert [set(incident.blocked) for incident in active] == ([missing] if missing else [])


# What people read


def test_a_known_problem_says_nothing_more_than_a_new_count(watched: Watched) -> None:
    watched.problem(a_problem(RULE), key="2026-11-01")
    first = watched.read()

    watched.problem(a_problem(RULE), key="2026-11-02")

    assert first == ["root: orders 2026-11-01: a rule failed. 1 row is not visible."]
    (edit,) = watched.read()
    assert edit.startswith("edit: orders 2026-11-01: a rule failed, 2 partitions since 2026-11-01. ")


def test_another_partition_that_is_not_visible_is_told_in_the_thread(watched: Watched) -> None:
    watched.daily(a_problem(blocks=True), days=1)

    watched.problem(a_problem(blocks=True), key="2026-11-02")

    edit, reply = watched.read()
    assert (edit.partition(":")[0], reply) == ("edit", "reply: \U0001f534 orders 2026-11-02 too: no file")


def test_a_harmless_problem_that_begins_to_block_is_told_like_a_new_one(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=2)

    watched.problem(a_problem(RULE, blocks=True), key="2026-11-03")

    assert [line.partition(":")[0] for line in watched.read()] == ["edit", "reply", "root"]


def test_everybody_who_was_told_of_a_problem_is_told_that_it_is_over(watched: Watched) -> None:
    notices = tuple(
        a_notice("missing", channel=f"#{audience.value}", audience=audience)
        for audience in (Audience.PRODUCERS, Audience.CONSUMERS)
    )
    watched.problem(a_problem(blocks=True), key="2026-11-01", notices=notices)
    watched.read()
    watched.clock.forward(3 * HOUR)

    watched.assess(in_order("missing", key="2026-11-01", summary="2026-11-01 is published with 842 rows"))

    told = watched.read()
    resolved = "reply: \u2705 missing is resolved after 3 h 0 min: 2026-11-01 is published with 842 rows"
    assert told.count(resolved) == 2
    assert sum(line.startswith("edit: Resolved: ") for line in told) == 2


def test_what_is_over_leaves_nothing_to_do(watched: Watched) -> None:
    text = AlertText(mark="!", headline="orders failed", happened="Nothing is visible.", steps=("Correct the files.",))
    notice = a_notice("missing").model_copy(update={"content": Alert(text=text).model_dump_json()})
    watched.problem(a_problem(blocks=True), key="2026-11-01", notices=(notice,))
    watched.read()
    watched.assess(in_order("missing", key="2026-11-01"))
    watched.read()

    shown = {entry.message.is_edit: "Correct the files." in entry.message.blocks for entry in watched.roots}
    assert shown == {False: True, True: False}


def test_a_problem_that_was_over_before_anybody_was_told_is_not_told(watched: Watched) -> None:
    watched.problem(a_problem(blocks=True), key="2026-11-01")
    watched.assess(in_order("missing", key="2026-11-01"))

    assert watched.read() == []


def test_an_acknowledged_incident_counts_in_silence(watched: Watched) -> None:
    watched.daily(a_problem(blocks=True), days=1)
    watched.act(ActionKind.ACK, why="we are on it")
    acknowledged = watched.read()

    watched.problem(a_problem(blocks=True), key="2026-11-02")

    assert acknowledged[1] == "reply: \U0001f440 missing was acknowledged by ann: we are on it"
    assert [line.partition(":")[0] for line in watched.read()] == ["edit"]


def test_a_mute_ends_by_itself_and_says_so(watched: Watched) -> None:
    watched.daily(a_problem(blocks=True), days=1)
    watched.act(ActionKind.MUTE, until=NOON + 2 * HOUR)
    watched.read()
    early = watched.ledger.unmute_due(now=NOON + HOUR)

    late = watched.ledger.unmute_due(now=NOON + 2 * HOUR)

    assert (early, [incident.state for incident in late]) == ((), [IncidentState.OPEN])
    assert watched.read()[1].startswith("reply: \U0001f534 missing: the mute has ended")


def test_an_incident_that_a_person_resolves_is_over_for_all_partitions(watched: Watched) -> None:
    watched.daily(a_problem(blocks=True), days=2)

    watched.act(ActionKind.RESOLVE, why="the source is retired")

    assert watched.states == ["missing resolved"]
    assert [event.kind for event in watched.ledger.incident_events(1)][-1] is EventKind.RESOLVED


def test_a_resolved_incident_cannot_be_acknowledged(watched: Watched) -> None:
    watched.problem(a_problem(), key="2026-11-01")
    watched.act(ActionKind.RESOLVE)

    with pytest.raises(CannotAct, match="incident 1 was resolved 2026-11-02 12:00 UTC"):
        watched.act(ActionKind.ACK)


def test_a_mute_without_a_later_end_is_refused(watched: Watched) -> None:
    watched.problem(a_problem(), key="2026-11-01")

    with pytest.raises(CannotAct, match="must end in the future"):
        watched.act(ActionKind.MUTE, until=NOON)


# Many problems at once


def test_a_backfill_of_ninety_old_days_is_one_message_a_channel(watched: Watched) -> None:
    for day in range(90):
        key = (NOON - DAY * (400 - day)).date().isoformat()
        watched.problem(a_problem(RULE), a_problem(f"rule {day}", blocks=True), key=key, is_quiet=True)
        watched.read()

    threads = {thread.id for incident in watched.ledger.incidents() for thread in watched.ledger.threads(incident.id)}
    roots = [entry for entry in watched.ledger.messages() if not entry.message.root]
    assert (len(threads), len(roots)) == (1, 1)


def test_a_bad_day_of_many_datasets_is_five_messages_and_one_list(watched: Watched) -> None:
    for number in range(14):
        watched.problem(a_problem(blocks=True), key="2026-11-01", dataset=f"dataset_{number}")
        watched.read()

    roots = [entry.message.text for entry in watched.ledger.messages() if not entry.message.root]
    assert len(roots) == 6
    newest = watched.ledger.messages()[0].message
    assert newest.text.startswith("9 more problems in 9 datasets, 2026-11-02: dataset_")


def test_a_bad_day_of_many_datasets_is_emailed_again_when_there_are_twice_as_many(watched: Watched) -> None:
    for number in range(205):
        notice = a_notice("missing", channel="team@example.org").model_copy(update={"tool": "email"})
        problem = a_problem(blocks=True)
        watched.problem(problem, key="2026-11-01", dataset=f"dataset_{number}", notices=(notice,))
        watched.read()

    sent = [entry.message for entry in reversed(watched.ledger.messages()) if not entry.message.is_edit]
    lists = [message for message in sent if "more problem" in message.text]
    assert len(sent) == 5 + len(lists)
    assert [message.text.split()[0] for message in lists] == ["1", "2", "4", "8", "16", "32", "64", "128"]
    assert {message.root for message in lists[1:]} == {lists[0].id}
    assert "Sent again when there are twice as many problems." in lists[0].blocks


def test_a_known_problem_of_another_day_is_in_the_digest_of_the_day(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=1)
    watched.clock.forward(DAY)

    watched.problem(a_problem(RULE), key="2026-11-02")

    assert [line.partition(",")[0] for line in watched.read()] == [
        "edit: orders 2026-11-01: a rule failed",
        "root: Digest of 2026-11-03: 1 problem in 1 dataset: orders origin.known",
    ]


def test_the_digest_of_a_day_is_not_edited_after_it(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=1)
    for day in (2, 3):
        watched.clock.forward(DAY)
        watched.problem(a_problem(RULE), key=f"2026-11-{day:02}")
        told = watched.read()

    digests = [line.partition(":")[0] for line in told if "Digest" in line]
    assert digests == ["root"]


def test_a_problem_of_more_than_a_week_is_in_the_digest_on_mondays(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=1)
    mentioned = []
    for day in range(2, 20):
        watched.clock.forward(DAY)
        watched.problem(a_problem(RULE), key=f"2026-11-{day:02}")
        mentioned += [f"{watched.clock.now():%a}" for line in watched.read() if line.startswith("root")]

    assert mentioned == ["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Mon"]


def test_a_known_problem_that_begins_to_block_beside_a_new_one_is_no_news(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=1)

    both = (a_problem(RULE, blocks=True), a_problem("carrier.required", blocks=True))
    watched.problem(*both, key="2026-11-02", notices=(a_notice(RULE, "carrier.required"),))

    told = watched.read()
    assert [line.partition(":")[0] for line in told] == ["edit", "root"]
    watched.assess(in_order("carrier.required", key="2026-11-02"))
    assert "edit: Resolved: " in " ".join(watched.read())


def test_broken_promises_alone_are_told_without_the_problems_that_are_known(watched: Watched) -> None:
    watched.daily(a_problem(RULE), days=1)
    words = a_notice(RULE, "latency")
    minor = a_notice("latency", headline="latency was not kept")
    notice = words.model_copy(update={"minor": (("latency", minor.content),)})

    watched.problem(a_problem(RULE), a_problem("latency"), key="2026-11-02", notices=(notice,))

    (root,) = [line for line in watched.read() if line.startswith("root")]
    assert root.startswith("root: latency was not kept")


def test_a_bad_day_of_two_hundred_datasets_is_at_most_fifteen_messages(watched: Watched) -> None:
    for number in range(200):
        is_unpublished, is_quarantined = number % 33 == 0, number % 25 == 1
        if is_unpublished or is_quarantined:
            cause = "missing" if is_unpublished else RULE
            notices = tuple(
                a_notice(cause, channel=f"#{audience.value}", audience=audience)
                for audience in (Audience.PRODUCERS, Audience.CONSUMERS)
            )
            problem = a_problem(cause, blocks=is_unpublished)
            watched.problem(problem, key="2026-11-01", dataset=f"dataset_{number}", notices=notices)
            watched.read()

    roots = [entry for entry in watched.ledger.messages() if not entry.message.root]
    assert (len(watched.ledger.incidents()), len(roots)) == (15, 12)
