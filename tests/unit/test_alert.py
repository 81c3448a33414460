"""Alerts: who is told what, in words for somebody on call, and nothing that a name could do in Slack."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from partition_gate.alerts.alert import Links, recipients_of
from partition_gate.alerts.assessment import assessment_of
from partition_gate.alerts.case import Case
from partition_gate.alerts.dataset_problems import dataset_assessment, gate_assessment
from partition_gate.contract.limits import Limits
from partition_gate.contract.model import (
    Channel,
    Column,
    Dataset,
    LibraryRule,
    Member,
    Status,
    Team,
    Terms,
)
from partition_gate.core.severity import Scope, Severity
from partition_gate.gate.notify import announce
from partition_gate.incidents.model import Assessment, Audience, Problem, ProblemKind
from partition_gate.judging.attempt import Message, Settlement
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.judging.validation import FailingValue
from partition_gate.judging.verdict import CheckOutcome, CheckResult
from partition_gate.testing.builders import a_location
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakeClock
from partition_gate.testing.slack_rules import check_post

HOSTILE = "<!channel> *big* _it_ ~no~ `x` <https://evil.example|click> @here :fire: \u202egnp.exe\u0000\n& more"
QUARANTINED = PartitionOutcome.PUBLISHED_WITH_QUARANTINE
LINKS = Links(
    docs="https://gate.example/docs/a1",
    console="https://gate.example/partitions/flights/2013-01-03",
    quarantine="https://gate.example/quarantine/a1",
    contract="https://gate.example/contracts/flights",
    airflow="https://airflow.example/runs/1",
)
COLUMNS = (
    Column(path="schema[0].properties[0]", name="tailnum", source="tailnum", logical_type="string"),
    Column(
        path="schema[0].properties[1]", name="pilot", source="pilot_name", logical_type="string", classification="pii"
    ),
)


TERMS = Terms(
    id="nyc-flights",
    version="1.2.0",
    name="flights",
    status=Status.ACTIVE,
    path="include/contracts/flights.odcs.yaml",
    content_hash="hash",
    api_version="v3.1.0",
    team=Team(name="Flight operations", members=(Member(username="avery"),)),
    channels=(
        Channel(tool="slack", channel="#flights-producers", scope="issues"),
        Channel(tool="slack", channel="#flights-consumers", scope="announcements"),
    ),
)


def a_dataset(*, limits: Limits | None = None, rules: tuple[LibraryRule, ...] = (), **terms: object) -> Dataset:
    return Dataset(
        contract=TERMS.model_copy(update=terms),
        name="flights",
        path="schema[0]",
        location=a_location("s3://landing/flights", dt="DATE"),
        columns=COLUMNS,
        limits=limits or Limits(),
        rules=rules,
    )


def a_settlement(outcome: PartitionOutcome, **changes: object) -> Settlement:
    settlement = Settlement(
        attempt_id="a1",
        contract="nyc-flights",
        version="1.2.0",
        dataset="flights",
        partition_key="2013-01-03",
        outcome=outcome,
        why=(),
        idempotency_key="key-1",
        rows_in=842_000,
        rows_published=0,
        rows_quarantined=842_000,
        table_version=None,
        quarantine_uri="s3://warehouse/quarantine/flights/a1",
        settled_at=datetime(2013, 1, 4, 7, 17, tzinfo=UTC),
    )
    return settlement.model_copy(update=changes)


def a_result(rule_id: str, outcome: CheckOutcome = CheckOutcome.FAILED, **changes: object) -> CheckResult:
    result = CheckResult(
        clause="schema[0].properties[0].required",
        rule_id=rule_id,
        expectation="not_null",
        dimension="completeness",
        severity=Severity.ERROR,
        scope=Scope.ROW,
        outcome=outcome,
        observed=None,
        expected="no nulls",
        element_count=842_000,
        unexpected_count=1234,
    )
    return result.model_copy(update=changes)


def quarantined(**changes: object) -> Settlement:
    rows = {"rows_published": 840_766, "rows_quarantined": 1234}
    return a_settlement(PartitionOutcome.PUBLISHED_WITH_QUARANTINE, **{**rows, **changes})


def alerts_for(
    settlement: Settlement, results: Sequence[CheckResult], dataset: Dataset, links: Links
) -> tuple[Message, ...]:
    """The messages of a settlement whose problems nobody knew, producers first."""
    ledger, clock = InMemoryLedger(), FakeClock()
    assessment = assessment_of(Case(settlement=settlement, results=tuple(results), dataset=dataset), links)
    ledger.settle(settlement, assessment)
    announce(ledger, clock)
    return tuple(entry.message for entry in ledger.unsent())


def for_producers(messages: tuple[Message, ...]) -> Message:
    return next(message for message in messages if message.audience == "producers")


def for_consumers(messages: tuple[Message, ...]) -> Message:
    return next(message for message in messages if message.audience == "consumers")


def read(message: Message) -> str:
    """All texts of a message, one a line, markup included."""
    return "\n".join(re.findall(r'"text": "((?:[^"\\]|\\.)*)"', message.blocks)).replace("\\n", "\n")


def test_producers_of_a_partly_quarantined_partition_learn_which_rules_how_many_rows_and_what_to_do():
    results = (a_result("tailnum.required"),)

    text = read(for_producers(alerts_for(quarantined(), results, a_dataset(), LINKS)))

    assert "flights 2013-01-03: 1,234 rows quarantined, the rest published" in text
    assert "`tailnum.required`  1,234 of 842,000 rows (0.15%); expected: no nulls" in text
    assert f"Look at the rows and their reasons: `{quarantined().quarantine_uri}`" in text
    assert "`s3://landing/flights/dt=2013-01-03/`" in text


def test_consumers_of_a_partly_quarantined_partition_learn_what_is_missing_and_that_the_rest_is_safe():
    text = read(for_consumers(alerts_for(quarantined(), (a_result("tailnum.required"),), a_dataset(), LINKS)))

    assert "flights 2013-01-03 was published without 1,234 rows" in text
    assert "*Safe to use*\nYes" in text
    assert "*Rows published*\n840,766" in text
    assert "gate quarantine show" not in text


def test_consumers_read_a_rules_business_impact_and_producers_its_description():
    rule = LibraryRule(
        path="schema[0].quality[0]",
        id="known_planes",
        column="tailnum",
        metric="invalidValues",
        operator=None,
        description="Tail numbers are known.",
        business_impact="Fleet reports miss flights.",
    )
    contract = a_dataset(rules=(rule,))
    messages = alerts_for(quarantined(), (a_result("known_planes", clause=rule.path),), contract, LINKS)

    assert "Fleet reports miss flights." in read(for_consumers(messages))
    assert "Tail numbers are known." in read(for_producers(messages))


def test_six_rules_are_named_the_heaviest_first_and_the_others_counted():
    results = tuple(a_result(f"rule_{number}", unexpected_count=number) for number in range(1, 10))

    text = read(for_producers(alerts_for(quarantined(), results, a_dataset(), LINKS)))

    assert re.findall(r"`rule_(\d)`", text) == ["9", "8", "7", "6", "5", "4"]
    assert "and 3 more" in text


def test_a_rejected_partition_says_that_nothing_of_it_is_visible_and_why():
    few = a_result("daily_rows", scope=Scope.PARTITION, unexpected_count=None, observed="312 rows", expected=">= 600")

    messages = alerts_for(a_settlement(PartitionOutcome.REJECTED), (few,), a_dataset(), LINKS)

    assert for_producers(messages).text.startswith("flights 2013-01-03 was rejected: none of its rows were published.")
    assert "`daily_rows`  expected: &gt;= 600; found 312 rows" in read(for_producers(messages))
    assert "*Safe to use*\nNo" in read(for_consumers(messages))


def test_a_cause_that_no_single_rule_explains_stands_beside_the_rules():
    why = ("90000 of 842000 rows fail (10.69%); the contract allows at most 5.00%", "id: 90000 of 842000")
    settlement = a_settlement(PartitionOutcome.REJECTED, why=why)

    text = read(for_producers(alerts_for(settlement, (a_result("id"),), a_dataset(), LINKS)))

    assert "the contract allows at most 5.00%" in text
    assert text.count("90000 of 842000") == 1


def test_a_held_partition_asks_the_producers_for_a_decision():
    why = ("312 rows would replace 842, less than 50% of them; a person must approve",)

    messages = alerts_for(a_settlement(PartitionOutcome.HELD, why=why), (), a_dataset(), LINKS)

    assert "flights 2013-01-03 is held until a person decides" in read(for_producers(messages))
    assert "`gate approve nyc-flights 2013-01-03` with `--why`" in read(for_producers(messages))
    assert "312 rows would replace 842" in read(for_consumers(messages))


def test_a_missing_partition_says_where_it_is_expected_and_that_absent_is_not_zero():
    why = ("no file at s3://landing/flights/dt=2013-01-03; it was due 2013-01-04 07:00 UTC",)
    settlement = a_settlement(PartitionOutcome.MISSING, why=why, rows_in=0, rows_quarantined=0, quarantine_uri=None)

    messages = alerts_for(settlement, (), a_dataset(), LINKS)

    assert "*Expected in*\n`s3://landing/flights/dt=2013-01-03/`" in read(for_producers(messages))
    assert "Missing rows are not zero" in read(for_consumers(messages))
    assert '"Report"' not in messages[0].blocks


def test_an_error_of_ours_is_told_to_producers_only_and_says_that_it_is_not_their_data():
    settlement = a_settlement(PartitionOutcome.ERRORED, why=("s3://landing does not answer",))

    messages = alerts_for(settlement, (), a_dataset(), LINKS)

    assert [message.audience for message in messages] == ["producers"]
    assert "a fault in the gate" in read(messages[0])


def test_warnings_of_a_published_partition_reach_producers_only():
    warned = a_result("distance.maximum", CheckOutcome.WARNED, severity=Severity.WARNING)

    messages = alerts_for(a_settlement(PartitionOutcome.PUBLISHED), (warned,), a_dataset(), LINKS)

    assert [message.audience for message in messages] == ["producers"]
    assert "published with 1 warning" in messages[0].text


def a_broken_promise(**changes: Any) -> CheckResult:
    found = "36 of 1,000 rows (3.60%) in 7 of 7 partitions"
    over: dict[str, Any] = {"scope": Scope.SLA, "expected": "at most 2.5 % null, over 7 days", "observed": found}
    return a_result("nulls_in_a_week", **{**over, **changes})


def test_a_broken_promise_over_time_is_told_to_producers_as_published_and_not_as_quarantined_rows():
    settlement = a_settlement(PartitionOutcome.PUBLISHED, quarantine_uri=None)

    messages = alerts_for(settlement, (a_broken_promise(),), a_dataset(), LINKS)

    assert [message.audience for message in messages] == ["producers"]
    assert messages[0].text.startswith("flights 2013-01-03 did not keep nulls_in_a_week: 36 of 1,000 rows (3.60%)")
    told = read(messages[0])
    assert "expected: at most 2.5 % null, over 7 days; found 36 of 1,000 rows (3.60%) in 7 of 7 partitions" in told
    assert "does not block a partition" in told
    assert "1,234" not in told
    assert "Nothing is blocked by it: the rows that passed are published." in told
    assert "quarantine" not in told.lower()


def test_counts_of_a_promise_about_a_classified_column_are_told():
    promise = a_broken_promise(clause="schema[0].properties[1].quality[0]")

    (message,) = alerts_for(a_settlement(PartitionOutcome.PUBLISHED), (promise,), a_dataset(), LINKS)

    assert "found 36 of 1,000 rows" in read(message)


@pytest.mark.parametrize("outcome", [PartitionOutcome.REJECTED, PartitionOutcome.HELD, QUARANTINED])
def test_a_broken_promise_is_told_beside_what_blocks(outcome: PartitionOutcome):
    results = (a_result("carrier.required"), a_broken_promise())

    told = read(for_producers(alerts_for(a_settlement(outcome), results, a_dataset(), LINKS)))

    assert "Also 1 promise over time not kept; see the report." in told


@pytest.mark.parametrize(("outcome", "is_told"), [(PartitionOutcome.REJECTED, False), (QUARANTINED, True)])
def test_a_promise_that_is_not_known_to_be_kept_is_told_of_what_is_published_only(
    outcome: PartitionOutcome, *, is_told: bool
):
    results = (a_result("carrier.required"), a_broken_promise(outcome=CheckOutcome.UNKNOWN))

    told = read(for_producers(alerts_for(a_settlement(outcome), results, a_dataset(), LINKS)))

    assert ("Also 1 promise over time" in told) == is_told


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (PartitionOutcome.PUBLISHED, a_broken_promise(outcome=CheckOutcome.WARNED, severity=Severity.INFO)),
        (PartitionOutcome.PUBLISHED, a_result("fine", CheckOutcome.PASSED)),
        (PartitionOutcome.PUBLISHED, a_result("note", CheckOutcome.WARNED, severity=Severity.INFO)),
        (PartitionOutcome.SUPERSEDED, a_result("stale")),
    ],
)
def test_nobody_is_told_where_there_is_nothing_to_do(outcome: PartitionOutcome, result: CheckResult):
    assert alerts_for(a_settlement(outcome), (result,), a_dataset(), LINKS) == ()


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.DRAFT, Status.RETIRED])
def test_a_contract_that_is_not_in_force_pages_nobody(status: Status):
    assert alerts_for(a_settlement(PartitionOutcome.REJECTED), (), a_dataset(status=status), LINKS) == ()


def test_a_deprecated_contract_still_pages():
    contract = a_dataset(status=Status.DEPRECATED)

    assert len(alerts_for(a_settlement(PartitionOutcome.REJECTED), (), contract, LINKS)) == 2


@pytest.mark.parametrize(("day", "count"), [(3, 2), (4, 2), (5, 0)])
def test_nobody_is_told_before_general_availability(day: int, count: int):
    contract = a_dataset(limits=Limits(general_availability=date(2013, 1, day)))

    assert len(alerts_for(a_settlement(PartitionOutcome.REJECTED), (), contract, LINKS)) == count


def test_consumers_are_told_that_support_has_ended():
    contract = a_dataset(limits=Limits(end_of_support=date(2013, 1, 4)))

    (message,) = alerts_for(a_settlement(PartitionOutcome.PUBLISHED), (), contract, LINKS)

    assert message.audience == "consumers"
    assert "no longer supported" in message.text


@pytest.mark.parametrize(("outcome", "day"), [(PartitionOutcome.PUBLISHED, 5), (PartitionOutcome.SUPERSEDED, 4)])
def test_nothing_is_said_of_support_before_it_ends_or_where_nothing_is_published(outcome: PartitionOutcome, day: int):
    contract = a_dataset(limits=Limits(end_of_support=date(2013, 1, day)))

    assert alerts_for(a_settlement(outcome), (), contract, LINKS) == ()


def test_only_channels_of_a_known_tool_and_scope_are_told_each_once():
    channels = tuple(
        Channel(tool=tool, channel=channel, scope=scope)
        for tool, channel, scope in [
            ("teams", "team", "issues"),
            ("slack", "#both", "notifications"),
            ("Slack", "#both", "interactive"),
            ("slack", "#both", "issues"),
            ("slack", "#chat", "gossip"),
        ]
    )
    messages = alerts_for(a_settlement(PartitionOutcome.REJECTED), (), a_dataset(channels=channels), LINKS)

    assert [(m.channel, m.audience) for m in messages] == [("#both", "producers"), ("#both", "consumers")]
    assert len({message.id for message in messages}) == 2


@pytest.mark.parametrize(
    ("tool", "channel", "url", "address"),
    [
        ("email", "team@example.org", None, "team@example.org"),
        ("Email", "the team", "mailto:team@example.org?subject=x", "team@example.org"),
        ("email", "the team", "https://example.org", ""),
        ("email", "a@b\r\nBcc: c@d", None, ""),
        ("email", "a@example.org, b@example.org", None, ""),
        ("webhook", "pager", "https://hooks.example/a?b=c", "https://hooks.example/a?b=c"),
        ("webhook", "https://hooks.example/a", None, "https://hooks.example/a"),
        ("webhook", "pager", "https://user:password@hooks.example/a", ""),
        ("webhook", "pager", "file:///etc/passwd", ""),
        ("webhook", "pager", "http://", ""),
        ("webhook", "pager", "https://hooks.example:port/", ""),
        ("slack", "#orders", "https://example.slack.com/archives/C1", "#orders"),
        ("teams", "orders", "https://teams.example", ""),
    ],
)
def test_a_channel_has_the_address_that_its_tool_needs_or_is_not_told(
    tool: str, channel: str, url: str | None, address: str
):
    channels = (Channel(tool=tool, channel=channel, scope="issues", url=url),)

    told = recipients_of(a_dataset(channels=channels))

    assert [(each.tool, each.channel) for each in told] == ([(tool.lower(), address)] if address else [])


@pytest.mark.parametrize(
    ("operators", "tool"),
    [
        ("#gate", "slack"),
        ("C0GATE0001", "slack"),
        ("gate@example.org", "email"),
        ("https://hooks.example/a", "webhook"),
    ],
)
def test_operators_are_reached_by_the_tool_that_their_channel_belongs_to(operators: str, tool: str):
    told = recipients_of(a_dataset(channels=()), operators=operators)

    assert [(each.audience.value, each.tool, each.channel) for each in told] == [("operators", tool, operators)]


def test_each_channel_of_an_audience_has_a_message_of_its_own():
    channels = tuple(Channel(tool="slack", channel=name, scope="issues") for name in ("#one", "#two"))

    messages = alerts_for(a_settlement(PartitionOutcome.REJECTED), (), a_dataset(channels=channels), LINKS)

    assert [m.channel for m in messages] == ["#one", "#two"]
    assert len({message.id for message in messages}) == 2


def test_the_most_frequent_failing_values_are_told():
    values = (FailingValue(value="SJU", count=20), FailingValue(value="#b2eadfba", count=1_003))
    found = a_result("dest.in_airports", element_count=842, unexpected_count=23, failing_values=values)

    messages = alerts_for(a_settlement(PartitionOutcome.REJECTED), (found,), a_dataset(), LINKS)

    assert "23 of 842 rows (2.73%): SJU 20, #b2eadfba 1,003; expected" in read(for_producers(messages))


@pytest.mark.parametrize(("count", "more"), [(22, ""), (23, " and 1 more row"), (1_030, " and 1,008 more rows")])
def test_failing_values_that_were_cut_are_followed_by_the_number_of_other_rows(count: int, more: str):
    values = (FailingValue(value="SJU", count=20), FailingValue(value="BQN", count=2))

    found = a_result("dest.in_airports", element_count=2_000, unexpected_count=count, failing_values=values)

    assert found.failing == f"SJU 20, BQN 2{more}"


def test_reasons_and_members_that_were_cut_are_counted():
    team = Team(name="Ops", members=tuple(Member(username=name) for name in ("ana", "bo", "cy", "di", "ed")))
    settlement = a_settlement(PartitionOutcome.ERRORED, why=("no disk", "no lock", "no file", "no time", "no luck"))

    told = read(for_producers(alerts_for(settlement, (), a_dataset(team=team), LINKS)))

    assert ("no file\nand 2 more" in told, "(ana, bo, cy and 2 more)" in told) == (True, True)


ALL_TOLD = [outcome for outcome in PartitionOutcome if outcome is not PartitionOutcome.SUPERSEDED]


def hostile(outcome: PartitionOutcome, text: str) -> tuple[Message, ...]:
    contract = a_dataset(
        path=text,
        team=Team(name=text, members=(Member(username=text),)),
        location=a_location(text, dt="VARCHAR"),
        rules=(LibraryRule(path=text, id=text, column=None, metric="x", operator=None, description=text),),
    )
    settlement = a_settlement(
        outcome, dataset=text, partition_key=text, contract=text, version=text, attempt_id=text, why=(text,) * 9
    )
    shown = {"expected": text, "observed": text, "clause": text, "severity": Severity.WARNING}
    results = [a_result(text, CheckOutcome.FAILED, expected=text, clause=text)] * 9
    results += [a_result(text, CheckOutcome.WARNED, unexpected_count=None, **shown)] * 9
    return alerts_for(settlement, results, contract, LINKS)


@pytest.mark.parametrize("outcome", ALL_TOLD)
def test_hostile_names_are_no_mention_no_link_and_no_invisible_character(outcome: PartitionOutcome):
    for message in hostile(outcome, HOSTILE):
        assert not re.findall(r"<[!@#h]", message.blocks)
        assert not re.findall("[\u202a-\u202e\u2066-\u2069\x00-\x1f]", message.blocks + message.text)


@pytest.mark.parametrize("outcome", ALL_TOLD)
def test_hostile_names_are_not_bold_italic_struck_or_emoji(outcome: PartitionOutcome):
    for message in hostile(outcome, HOSTILE):
        mrkdwn = [text for text in texts(message) if text["type"] == "mrkdwn"]
        outside_code = " ".join(re.sub(r"`[^`\n]*`", "", text["text"]) for text in mrkdwn)
        assert not re.findall(r"(?<!\u200b)[_~`]|(?<!\u200b)\*big|(?<!\u200b):fire:", outside_code)
        assert all(text["verbatim"] for text in mrkdwn)


@pytest.mark.parametrize("outcome", ALL_TOLD)
@pytest.mark.parametrize("text", ["&" * 5000, "x" * 5000, "`" * 300, "", HOSTILE])
def test_every_message_is_one_that_slack_takes_with_at_most_ten_blocks(outcome: PartitionOutcome, text: str):
    for message in hostile(outcome, text):
        blocks = json.loads(message.blocks)
        check_post({"text": message.text, "blocks": blocks})
        assert len(blocks) <= 10


def test_an_unpublishable_address_becomes_no_button():
    links = Links(docs="file:///srv/docs/a1.html", console="javascript:alert(1)", contract="https://")

    message = for_producers(alerts_for(quarantined(), (a_result("id"),), a_dataset(), links))

    assert "actions" not in [block["type"] for block in json.loads(message.blocks)]


def test_a_command_survives_a_shell():
    contract = a_dataset(id="flights; rm -rf $HOME")

    held = a_settlement(PartitionOutcome.HELD)

    text = read(for_producers(alerts_for(held, (a_result("id"),), contract, LINKS)))

    assert "`gate approve 'flights; rm -rf $HOME' 2013-01-03`" in text


def texts(message: Message) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def collect(value: object) -> None:
        if isinstance(value, dict) and value.get("type") in {"mrkdwn", "plain_text"}:
            found.append(value)
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                collect(part)

    collect(json.loads(message.blocks))
    return found


def assessed(settlement: Settlement, *results: CheckResult, **changes: Any) -> Assessment:
    case = Case(settlement=settlement, results=results, dataset=a_dataset())
    assessment = assessment_of(case, LINKS, **changes)
    assert assessment is not None
    return assessment


def test_a_missing_partition_is_one_problem_that_blocks_and_shows_nothing_of_its_checks():
    assessment = assessed(a_settlement(PartitionOutcome.MISSING, why=("no file",)))

    assert [(problem.cause, problem.blocks) for problem in assessment.problems] == [("missing", True)]
    assert assessment.in_order == {"errored"}


def test_checks_that_could_not_be_judged_because_of_a_failed_one_are_no_problems_of_their_own():
    unreadable = a_result("files.readable", scope=Scope.PARTITION)
    unknown = [a_result(f"rule_{number}", CheckOutcome.UNKNOWN) for number in range(9)]

    assessment = assessed(a_settlement(PartitionOutcome.REJECTED), unreadable, *unknown)

    assert [problem.cause for problem in assessment.problems] == ["files.readable"]


def test_failing_rows_block_only_where_the_partition_is_rejected():
    outcomes = (PartitionOutcome.REJECTED, QUARANTINED)

    found = [assessed(a_settlement(outcome), a_result("id")).problems[0].blocks for outcome in outcomes]

    assert found == [True, False]


def test_a_check_that_passed_is_in_order_and_one_that_could_not_be_judged_is_not():
    passed, unknown = a_result("id", CheckOutcome.PASSED), a_result("city", CheckOutcome.UNKNOWN)

    assessment = assessed(a_settlement(PartitionOutcome.REJECTED), passed, unknown)

    assert {"id", "city"} & assessment.in_order == {"id"}


@pytest.mark.parametrize(("days", "is_quiet"), [(29, False), (31, True)])
def test_a_backfill_of_an_old_partition_is_quiet(days: int, *, is_quiet: bool):
    settled_at = datetime(2013, 1, 4, tzinfo=UTC) + timedelta(days=days)

    backfilled = assessed(a_settlement(PartitionOutcome.REJECTED, settled_at=settled_at), is_backfill=True)

    assert (backfilled.is_quiet, assessed(a_settlement(PartitionOutcome.REJECTED)).is_quiet) == (is_quiet, False)


def test_operators_are_told_of_what_the_gate_could_not_judge_and_producers_are_not():
    errored = a_settlement(PartitionOutcome.ERRORED, why=("object storage does not answer",))

    with_operators = assessed(errored, operators="#gate").notices
    without = assessed(errored).notices

    assert [notice.channel for notice in with_operators] == ["#gate"]
    assert [notice.channel for notice in without] == ["#flights-producers"]


def test_each_problem_of_a_dataset_as_a_whole_has_its_own_thread_for_those_who_must_act():
    folder = Problem(cause="folder", kind=ProblemKind.LANDING, finding="dt=2013-1-4 is never judged")
    old = Problem(cause="freshness", kind=ProblemKind.PROMISE, finding="the newest time_hour is 30 h old")

    notices = dataset_assessment(a_dataset(), (folder, old), frozenset(), LINKS).notices

    assert [(notice.audience.value, *notice.causes) for notice in notices] == [
        ("producers", "folder"),
        ("producers", "freshness"),
        ("consumers", "freshness"),
    ]


def test_the_gate_s_own_problems_are_for_its_operators_only():
    stopped = Problem(cause="watch", kind=ProblemKind.OPERATIONS, finding="the watch has not run for 20 min")

    told, untold = (gate_assessment((stopped,), frozenset(), LINKS, operators=channel) for channel in ("#gate", ""))

    assert ([notice.channel for notice in told.notices], untold.notices) == (["#gate"], ())


def test_a_draft_tells_nobody_of_its_dataset():
    folder = Problem(cause="folder", kind=ProblemKind.LANDING, finding="dt=2013-1-4 is never judged")

    assert dataset_assessment(a_dataset(status=Status.DRAFT), (folder,), frozenset(), LINKS).notices == ()


@pytest.mark.parametrize(("kind", "is_digest"), [(ProblemKind.FAST_BURN, False), (ProblemKind.SLOW_BURN, True)])
def test_a_budget_that_is_used_up_slowly_waits_for_the_digest(kind: ProblemKind, *, is_digest: bool):
    burning = Problem(cause="budget latency", kind=kind, finding="latency: 2 of 12 partitions broke it")

    (notice,) = dataset_assessment(a_dataset(), (burning,), frozenset(), LINKS).notices

    assert (notice.audience, notice.is_digest) == (Audience.PRODUCERS, is_digest)


def test_the_finding_of_a_check_of_the_whole_partition_says_what_was_expected():
    few = a_result("hours_needed", scope=Scope.PARTITION, observed="67 rows", expected="at least 70 rows")
    few = few.model_copy(update={"element_count": None, "unexpected_count": None})

    (problem,) = assessed(a_settlement(PartitionOutcome.REJECTED), few).problems

    assert problem.finding == "67 rows; expected: at least 70 rows"
