"""The whole product, once: `gate demo --once` with a real S3 server and a real Airflow, held against the source."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from tests.e2e.demo import Demo
from tests.e2e.pictures import PICTURES, photographed

from partition_gate.adapters.ledger.ledger import SqlLedger
from partition_gate.apps.airflow.timetable import from_airflow, to_airflow
from partition_gate.apps.demo.live import LIVE
from partition_gate.apps.demo.nycflights import read
from partition_gate.incidents.model import IncidentState
from partition_gate.judging.disposition import VISIBLE, PartitionOutcome

pytestmark = pytest.mark.airflow
BROKEN = {("flights", "2013-01-09"): "truncated", ("weather", "2013-01-10"): "never landed"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    demo = Demo(tmp_path_factory.mktemp("demo") / "home")
    assert demo.exit_code == 0, demo.printed
    return demo


def source_rows(dataset: str) -> Counter[str]:
    """Rows of each partition in the published data set, counted from its own CSV."""
    table = read(dataset)
    is_hourly = dataset == "weather_hourly"
    days = zip(*(table[name].to_pylist() for name in ("year", "month", "day", "hour")), strict=True)
    return Counter(
        f"{year:04}-{month:02}-{day:02}" + (f"/{hour:02}" if is_hourly else "") for year, month, day, hour in days
    )


def test_every_kind_of_outcome_is_shown_and_explained(demo):
    outcomes = Counter(s.outcome for s in demo.settlements.values() if s.dataset not in {"visits", LIVE})

    assert outcomes == {
        PartitionOutcome.PUBLISHED: 18,
        PartitionOutcome.PUBLISHED_WITH_QUARANTINE: 13,
        PartitionOutcome.REJECTED: 4,
        PartitionOutcome.MISSING: 2,
    }
    explained = [s for s in demo.settlements.values() if s.outcome is not PartitionOutcome.PUBLISHED]
    assert all(s.why for s in explained)


@pytest.mark.parametrize("dataset", ["flights", "weather", "weather_hourly"])
def test_rows_in_are_the_rows_of_the_source_and_none_is_lost(demo, dataset):
    expected = source_rows(dataset)
    for s in demo.of(dataset):
        rows = 0 if (dataset, s.partition_key) in BROKEN else expected[s.partition_key]
        assert (s.partition_key, s.rows_in) == (s.partition_key, rows)
        assert s.rows_in == s.rows_published + s.rows_quarantined


KEYS = {"flights": "dt::VARCHAR", "weather": "dt::VARCHAR", "weather_hourly": "printf('%s/%02d', dt, hour)"}


@pytest.mark.parametrize(("dataset", "key"), KEYS.items())
def test_consumers_see_exactly_the_published_rows(demo, dataset, key):
    counts = f"SELECT {key}, count(*) FROM query_table($dataset) GROUP BY 1"  # noqa: S608 (a constant of this file)
    visible = dict(demo.query(counts, dataset=dataset))

    assert visible == {s.partition_key: s.rows_published for s in demo.of(dataset) if s.outcome in VISIBLE}


def test_quarantine_holds_the_other_rows_with_their_reasons(demo):
    for s in demo.settlements.values():
        if s.rows_quarantined:
            rows = pq.read_table(Path(s.quarantine_uri or "") / "rows.parquet")
            assert rows.num_rows == s.rows_quarantined
            if s.outcome is PartitionOutcome.PUBLISHED_WITH_QUARANTINE:
                assert all(reasons for reasons in rows["_gate_rule_ids"].to_pylist())


def test_rows_of_unknown_airports_and_nothing_else_are_missing_from_a_published_day(demo):
    known = set(read("airports")["faa"].to_pylist())
    table = read("flights")
    rows = zip(table["month"].to_pylist(), table["day"].to_pylist(), table["dest"].to_pylist(), strict=True)
    expected = Counter(dest for month, day, dest in rows if (month, day) == (1, 3) and dest in known)

    assert dict(demo.query("SELECT dest, count(*) FROM flights WHERE dt = '2013-01-03' GROUP BY dest")) == expected


def test_failing_data_never_makes_a_task_red(demo):
    states = dict(demo.airflow("SELECT state, count(*) FROM task_instance GROUP BY state"))

    assert {"success", "skipped"} <= set(states)
    assert not {"failed", "upstream_failed", "up_for_retry"} & set(states)


@pytest.mark.parametrize(
    ("consumer", "dataset"), [("consumer__flight_delays", "flights"), ("consumer__hourly_weather", "weather_hourly")]
)
def test_consumers_run_once_for_each_published_partition_and_for_no_other(demo, consumer, dataset):
    runs = demo.airflow("SELECT dag_id, partition_key FROM dag_run ORDER BY 2")

    keys = [from_airflow(key) for dag_id, key in runs if dag_id == consumer]
    assert keys == [s.partition_key for s in demo.of(dataset) if s.outcome in VISIBLE]


def test_a_consumer_reads_the_hour_that_its_run_is_for(demo):
    found = demo.airflow(
        "SELECT run.partition_key, xcom.value FROM xcom JOIN dag_run AS run USING (dag_id, run_id) "
        "WHERE xcom.dag_id = 'consumer__hourly_weather' AND xcom.key = 'return_value'"
    )

    read_by_hour = {key: json.loads(value) for key, value in found}
    assert {key: len(airports) for key, airports in read_by_hour.items()} == {
        "2013-01-01~01": 3,
        "2013-01-01~02": 3,
        "2013-01-01~03": 3,
        "2013-01-01~04": 2,
        "2013-01-01~05": 3,
    }
    assert read_by_hour["2013-01-01~01"] == {"EWR": 39.02, "JFK": 39.02, "LGA": 39.92}


def test_the_grid_marks_exactly_the_runs_whose_partition_is_not_simply_published(demo):
    noted = demo.airflow(
        "SELECT run.dag_id, run.partition_key, note.content FROM dag_run AS run "
        "LEFT JOIN dag_run_note AS note ON note.dag_run_id = run.id "
        "WHERE run.dag_id IN ('gate__flights', 'gate__weather', 'gate__weather_hourly') AND run.run_type = 'backfill'"
    )

    words = {s.outcome: s.outcome.value.replace("_", " ").capitalize() for s in demo.settlements.values()}
    for dag_id, key, note in noted:
        outcome = demo.settlements[dag_id.removeprefix("gate__"), from_airflow(key)].outcome
        expected = None if outcome is PartitionOutcome.PUBLISHED else f"**{words[outcome]}**"
        assert (key, note and note.split(":")[0].split("\n")[0]) == (key, expected)
    assert len(noted) > 30


def test_hours_are_backfilled(demo):
    runs = demo.airflow("SELECT run_type, partition_key, state FROM dag_run WHERE dag_id = 'gate__weather_hourly'")

    assert sorted(runs) == [("backfill", f"2013-01-01~{hour:02}", "success") for hour in range(6)]


def test_the_watch_finds_what_lands_now_what_is_late_and_what_never_comes(demo):
    outcomes = Counter(s.outcome for s in demo.of(LIVE))
    causes = {each.cause for each in SqlLedger(demo.ledger_url).incidents(LIVE)}
    triggered = demo.airflow(
        "SELECT count(*) FROM dag_run WHERE dag_id = 'gate__weather_live' AND run_id LIKE 'watch%'"
    )

    assert outcomes == {
        PartitionOutcome.PUBLISHED: 10,
        PartitionOutcome.PUBLISHED_WITH_QUARANTINE: 1,
        PartitionOutcome.MISSING: 1,
    }
    assert {"missing", "origin.required", "availability", "budget availability"} <= causes
    assert triggered == [(11,)]


def test_the_summary_says_which_promises_were_kept_and_which_were_broken(demo):
    kept, broken = demo.printed.split("Service levels over")[1:]

    assert "cancelled_in_a_week" in kept
    assert "weather_live availability: 3 of 3 partitions of the last 3 periods broke it" in " ".join(broken.split())


def test_hours_run_on_schedule_and_by_hand_and_are_known_by_the_key_that_people_write(demo):
    # The watch of the demo may have started further runs, which have their keys in their conf.
    runs = demo.airflow(
        "SELECT run_type, partition_key, state FROM dag_run "
        "WHERE dag_id = 'gate__visits' AND run_type != 'operator_triggered'"
    )

    assert {(kind, state) for kind, _, state in runs} == {("scheduled", "success"), ("manual", "success")}
    published = {s.partition_key for s in demo.of("visits") if s.outcome is PartitionOutcome.PUBLISHED}
    assert {from_airflow(key) for _, key, _ in runs} <= published
    assert demo.visits.keys[0] in published
    assert published <= set(demo.visits.keys)


def test_an_event_has_airflows_spelling_of_the_key_however_its_run_was_triggered(demo):
    events = demo.airflow(
        "SELECT asset_event.partition_key FROM asset_event JOIN asset ON asset.id = asset_event.asset_id "
        "WHERE asset.name = 'validated.visits'"
    )

    assert {key for (key,) in events} == {to_airflow(s.partition_key) for s in demo.of("visits")}


def test_every_contract_has_its_dag(demo):
    assert demo.airflow("SELECT filename, stacktrace FROM import_error") == []


def test_every_judged_partition_has_its_page_and_every_message_went_out(demo):
    entries = SqlLedger(demo.ledger_url).messages()

    judged = [s for s in demo.settlements.values() if s.outcome is not PartitionOutcome.MISSING]
    assert all((demo.home / "docs" / "attempts" / s.attempt_id / "index.html").is_file() for s in judged)
    assert (demo.home / "docs" / "index.html").is_file()
    assert {entry.state for entry in entries} == {"sent"}
    posted = [entry for entry in entries if not entry.message.is_edit]
    assert len(list((demo.home / "inbox").glob("*.json"))) == len(posted)


def test_the_task_leads_to_the_page(demo):
    links = demo.airflow(
        "SELECT DISTINCT run.dag_id, coalesce(run.partition_key, run.conf ->> 'partition_key') "
        "FROM xcom JOIN dag_run AS run USING (dag_id, run_id) "
        "WHERE xcom.key = '_link_DataDocsLink' AND xcom.task_id = 'settle'"
    )

    judged = {at for at, s in demo.settlements.items() if s.outcome is not PartitionOutcome.MISSING}
    names = [(dag_id.removeprefix("gate__").removeprefix("reference__"), from_airflow(key)) for dag_id, key in links]
    assert set(names) == judged


def test_nothing_is_left_running(demo):
    home = str(demo.home)
    left = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if home in " ".join(p.info["cmdline"] or [])]

    assert left == []


def test_the_same_partition_by_hand_is_already_published_and_changes_nothing(demo):
    before = demo.query("SELECT * FROM _gate_views ORDER BY ALL")

    done = demo.gate("run", "flights", "2013-01-03", "--json")

    document = json.loads(done.stdout)
    assert (done.returncode, document["already_published"], document["suite"]) == (0, True, "committed")
    assert (document["rows_in"], document["rows_published"], document["rows_quarantined"]) == (914, 888, 26)
    assert len(document["checks"]) == 99
    assert demo.query("SELECT * FROM _gate_views ORDER BY ALL") == before


def test_a_weeks_cancelled_flights_are_added_up_over_the_days_that_are_published(demo):
    document = json.loads(demo.gate("run", "flights", "2013-01-03", "--json").stdout)

    (check,) = [check for check in document["checks"] if check["rule_id"] == "cancelled_in_a_week"]
    assert (check["scope"], check["outcome"]) == ("sla", "passed")
    assert re.fullmatch(r"[\d,]+ of [\d,]+ rows \(\d\.\d\d%\) in \d of \d partitions", check["observed"])


@pytest.mark.parametrize("page", ["README.md", "docs/reference/operations.md", "docs/reference/profiles.md"])
def test_every_command_of_a_page_does_what_it_says(demo, page):
    blocks = re.findall(r"```sh\n(.*?)```", Path(page).read_text(), flags=re.S)
    commands = [shlex.split(command, comments=True) for block in blocks for command in block.strip().splitlines()]

    failed = [command for command in commands if demo.gate(*command[1:]).returncode]

    assert len(commands) >= 3
    assert failed == []


def test_columns_are_documented_for_consumers(demo):
    comments = demo.query("SELECT comment FROM duckdb_columns() WHERE table_name = 'flights'")

    assert len(comments) == 20
    assert all(comment for (comment,) in comments)


def test_no_secret_stands_in_a_log_or_a_page(demo):
    credentials = json.loads((demo.home / "object-store" / "credentials.json").read_text())
    secrets = {
        (demo.home / "airflow" / "jwt.key").read_text(),
        (demo.home / "mask.key").read_text(),
        *_strings(credentials, "secretKey"),
    }
    roots = [demo.home / name for name in ("logs", "docs", "inbox")]
    guilty = [
        str(path)
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and any(secret in path.read_text(errors="replace") for secret in secrets)
    ]

    assert len(secrets) >= 3
    assert guilty == []


def _strings(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (str(v) for k, v in value.items() if k == key)
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(child, key)


@pytest.mark.browser
def test_people_find_their_way_from_a_marked_run_to_the_rows_and_act_on_what_lasts(demo, tmp_path):
    taken = photographed(demo, Path(os.environ.get("PICTURES_FOLDER", tmp_path)))

    assert taken.problems == []
    assert sorted(taken.names) == sorted(PICTURES)
    (acked,) = [each for each in SqlLedger(demo.ledger_url).incidents() if each.state is IncidentState.ACKED]
    assert (acked.who, acked.why) == (taken.visitor, "asked the producer")
    again = demo.airflow("SELECT partition_key FROM dag_run WHERE run_type = 'manual' AND dag_id = 'gate__flights'")
    assert again == [("2013-01-09",)]
