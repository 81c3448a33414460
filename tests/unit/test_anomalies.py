"""Anomalies: told if a figure is unlike those of comparable partitions, and silent about what is usual or unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.calendar import comparable_words, earlier_weeks
from partition_gate.contracts.odcs.reader import read_contract
from partition_gate.core.errors import ContractError
from partition_gate.gate.anomalies import anomalies_of
from partition_gate.gate.notify import announce
from partition_gate.gate.settle import assess
from partition_gate.judging.anomalies import Anomaly, Comparison, Figures, compared
from partition_gate.judging.attempt import Settlement
from partition_gate.judging.measurement import Amount, Measurement, State
from partition_gate.judging.profile import ColumnCounters, DistinctSketch, PartitionProfile
from partition_gate.testing.builders import NOON, a_claim, a_settlement
from partition_gate.testing.ledger import InMemoryLedger
from partition_gate.testing.ports import FakePorts

ROWS = (842, 780, 915, 850, 830, 861, 799, 845, 820)
THURSDAY = date(2026, 11, 26)


def day(rows: int, *columns: ColumnCounters, weeks_ago: int = 0, arrival: float | None = None) -> Figures:
    profile = PartitionProfile(row_count=rows, columns=columns)
    return Figures(profile=profile, weeks_ago=weeks_ago, arrival_seconds=arrival)


def amount(nulls: int = 0, mean: float = 10.0, *, rows: int = 1000, **parts: Any) -> ColumnCounters:
    known = {"minimum": mean - 5, "maximum": mean + 5, "total": mean * (rows - nulls)}
    return ColumnCounters(column="amount", row_count=rows, null_count=nulls, **{**known, **parts})


def weeks(days: Iterable[Figures]) -> list[Figures]:
    """The figures as those of the weeks before, the newest one week ago."""
    listed = list(days)
    return [each.model_copy(update={"weeks_ago": len(listed) - number}) for number, each in enumerate(listed)]


def judged(now: Figures, earlier: Iterable[Figures], *, threshold: float = 7.0) -> Comparison:
    return compared(now, weeks(earlier), like="Tuesdays", threshold=threshold)


def causes(found: Comparison) -> list[str]:
    return [anomaly.cause for anomaly in found.anomalies]


def only(found: Comparison) -> Anomaly:
    (anomaly,) = found.anomalies
    return anomaly


def test_a_day_with_half_of_the_rows_is_told_in_numbers() -> None:
    found = judged(day(412), map(day, ROWS))

    assert only(found).sentence == "412 rows; Tuesdays had 842 (780 to 915) in the last 9 weeks"


def test_a_day_like_the_others_is_in_order() -> None:
    assert judged(day(835), map(day, ROWS)) == Comparison(in_order=frozenset({"anomaly rows"}))


@given(st.integers(1, 10**7), st.integers(4, 12))
def test_a_constant_series_does_not_alarm_at_the_smallest_change(rows: int, count: int) -> None:
    assert causes(judged(day(rows + 1), [day(rows)] * count)) == []


@given(st.integers(400, 10**7), st.integers(4, 12))
def test_a_constant_series_alarms_when_nothing_is_left_of_it(rows: int, count: int) -> None:
    assert causes(judged(day(0), [day(rows)] * count)) == ["anomaly rows"]


@given(st.integers(0, 10**9))
def test_one_outlier_among_the_earlier_days_hides_no_bad_day(outlier: int) -> None:
    assert causes(judged(day(300), [day(outlier), *map(day, ROWS)])) == ["anomaly rows"]


def test_what_happened_twice_before_is_rare_and_not_unusual() -> None:
    assert causes(judged(day(412), map(day, (*ROWS, 400)))) == ["anomaly rows"]
    assert causes(judged(day(412), map(day, (*ROWS, 400, 410)))) == []


@pytest.mark.parametrize(("values", "told"), [(3, []), (4, ["anomaly rows"])])
def test_fewer_than_four_earlier_values_say_nothing(values: int, told: list[str]) -> None:
    found = judged(day(1), [day(842)] * values)

    assert causes(found) == told
    assert found.in_order == frozenset()


def test_a_sensitive_contract_is_told_more() -> None:
    assert causes(judged(day(620), map(day, ROWS))) == []
    assert causes(judged(day(620), map(day, ROWS), threshold=3)) == ["anomaly rows"]


def test_nulls_are_told_as_shares() -> None:
    found = judged(day(1000, amount(500)), [day(1000, amount(nulls)) for nulls in (10, 12, 9, 11, 8)])

    expected = "50.00% of amount is null; Tuesdays had 1.00% (0.80% to 1.20%) in the last 5 weeks"
    assert only(found).sentence == expected


@pytest.mark.parametrize(("nulls", "told"), [(1, []), (100, ["anomaly amount null share"])])
def test_a_column_without_nulls_may_have_one(nulls: int, told: list[str]) -> None:
    assert causes(judged(day(1000, amount(nulls)), [day(1000, amount())] * 12)) == told


def test_the_mean_is_told_and_what_follows_from_nulls_is_not() -> None:
    earlier = [day(1000, amount(mean=mean)) for mean in (10, 11, 9, 10, 10)]

    assert causes(judged(day(1000, amount(mean=90)), earlier)) == ["anomaly amount mean"]
    assert causes(judged(day(1000, amount(500, mean=90)), earlier)) == ["anomaly amount null share"]


def test_columns_that_are_unusual_together_are_one_line() -> None:
    names = ("dep_time", "arr_time", "air_time", "tailnum")

    def flights(nulls: int) -> Figures:
        return day(1000, *(amount(nulls).model_copy(update={"column": name}) for name in names))

    found = judged(flights(300), [flights(nulls) for nulls in (5, 6, 7, 5, 6)])

    assert causes(found) == ["anomaly dep_time null share"]
    assert only(found).sentence.endswith("in the last 5 weeks; also arr_time, air_time and 1 more")


def test_a_column_with_one_value_in_the_whole_partition_is_a_label_and_has_no_mean() -> None:
    def month(number: int) -> Figures:
        return day(1000, amount(mean=number, minimum=number, maximum=number))

    found = judged(month(2), [month(1)] * 5)

    assert found == Comparison(in_order=frozenset({"anomaly rows", "anomaly amount null share"}))


def test_a_classified_column_shows_shares_and_no_mean() -> None:
    earlier = weeks(day(1000, amount(mean=mean)) for mean in (10, 11, 9, 10, 10))

    found = compared(
        day(1000, amount(mean=90)), earlier, like="Tuesdays", threshold=7, without_mean=frozenset({"amount"})
    )

    assert found == Comparison(in_order=frozenset({"anomaly rows", "anomaly amount null share"}))


def registers(distinct: int) -> DistinctSketch:
    """A sketch of about so many values: each takes a register of its own."""
    return DistinctSketch(registers=bytes([1] * distinct + [0] * (1024 - distinct)), hashing="x")


def test_a_key_that_repeats_is_told_as_a_share_of_distinct_values() -> None:
    found = judged(
        day(300, amount(rows=300, distinct=registers(20))), [day(300, amount(rows=300, distinct=registers(250)))] * 5
    )

    assert causes(found) == ["anomaly amount distinct share"]
    assert "of the values of amount are distinct; Tuesdays had" in only(found).sentence


def test_fewer_rows_explain_another_share_of_distinct_values() -> None:
    earlier = [day(300_000, amount(rows=300_000, distinct=registers(50)))] * 5

    assert causes(judged(day(100, amount(rows=100, distinct=registers(50))), earlier)) == ["anomaly rows"]


def test_an_arrival_is_late_from_five_minutes_on_the_scale() -> None:
    earlier = [day(1000, arrival=seconds) for seconds in (600.0, 610, 590, 605, 600)]

    assert causes(judged(day(1000, arrival=900.0), earlier)) == []
    late = only(judged(day(1000, arrival=18_000.0), earlier))
    assert late.sentence == (
        "arrived 5 h 0 min after the end of the period; Tuesdays had 10 min (9 min to 10 min) in the last 5 weeks"
    )


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=0, max_size=12), FLOATS)
def test_every_series_of_means_has_an_answer(means: list[float], now: float) -> None:
    def column(mean: float) -> ColumnCounters:
        return ColumnCounters(column="amount", row_count=1, null_count=0, total=mean, minimum=0, maximum=1)

    found = judged(day(1, column(now)), [day(1, column(mean)) for mean in means])

    assert all(anomaly.sentence and abs(anomaly.z) >= 7 for anomaly in found.anomalies)
    assert not found.in_order & set(causes(found))


def test_a_sum_that_is_not_finite_has_no_mean() -> None:
    """The scan gives no total if a value is NaN or infinite."""
    found = judged(day(1000, amount(total=None)), [day(1000, amount())] * 5)

    assert found.in_order == {"anomaly rows", "anomaly amount null share"}


def test_the_limits_of_a_figure_are_where_it_becomes_an_anomaly() -> None:
    low, high = only(judged(day(412), map(day, ROWS))).limits(7)

    assert causes(judged(day(int(low)), map(day, ROWS))) == ["anomaly rows"]
    assert causes(judged(day(int(low) + 1), map(day, ROWS))) == []
    assert causes(judged(day(int(high)), map(day, ROWS))) == []
    assert causes(judged(day(int(high) + 1), map(day, ROWS))) == ["anomaly rows"]


# The partitions of earlier weeks


def a_dataset(
    segments: str = "dt=*", *, anomalies: object = None, columns: Sequence[Any] = (), **document: Any
) -> CompiledDataset:
    names = [segment.split("=")[0] for segment in segments.split("/")]
    kinds = {"dt": "date", "at": "timestamp"}
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "orders",
        "version": "1.0.0",
        "status": "active",
        "servers": [
            {"server": "landing", "type": "local", "path": f"/landing/{segments}/*.parquet", "format": "parquet"}
        ],
        "support": [
            {"channel": "#orders", "tool": "slack", "scope": "issues"},
            {"channel": "#users", "tool": "slack", "scope": "announcements"},
        ],
        "schema": [
            {
                "name": "orders",
                "properties": [
                    *({"name": name, "logicalType": kinds.get(name, "string"), "partitioned": True} for name in names),
                    {"name": "amount", "logicalType": "number"},
                    *columns,
                ],
            }
        ],
        "customProperties": [] if anomalies is None else [{"property": "anomalies", "value": anomalies}],
        **document,
    }
    return compiled(read_contract(json.dumps(contract), path="orders.odcs.yaml", folder="/contracts").dataset)


def earlier_keys(segments: str, key: str, weeks: int = 2, **document: Any) -> tuple[list[str], str]:
    dataset = a_dataset(segments, **document).dataset
    return [each.key for each in earlier_weeks(dataset, key, weeks)], comparable_words(dataset, key)


def test_a_day_is_compared_with_the_same_weekday() -> None:
    assert earlier_keys("dt=*", "2026-11-26") == (["2026-11-12", "2026-11-19"], "Thursdays")


def test_an_hour_is_compared_with_the_same_hour_of_the_weekday_and_the_same_region() -> None:
    keys, words = earlier_keys("region=*/dt=*/hour=*", "eu/2026-11-26/07")

    assert (keys, words) == (["eu/2026-11-12/07", "eu/2026-11-19/07"], "Thursdays at 07")


def test_a_minute_is_compared_with_the_four_nearest_of_the_same_hour() -> None:
    levels = [{"property": "frequency", "value": 5, "unit": "min"}]

    keys, words = earlier_keys("at=*", "2026-11-26T07:55:00Z", weeks=1, slaProperties=levels)

    assert keys == [f"2026-11-19T07:{minute}:00Z" for minute in (40, 45, 50, 55)]
    assert words == "Thursdays at 07"


def test_a_key_without_a_date_is_compared_with_nothing() -> None:
    assert earlier_keys("region=*", "eu") == ([], "")


# From the settlement to the digest


class Published:
    """Published days of a dataset, and what people are told about them."""

    def __init__(self, contract: CompiledDataset, ports: FakePorts) -> None:
        self.contract, self.ports = contract, ports

    @property
    def ledger(self) -> InMemoryLedger:
        return self.ports.ledger

    def publish(self, key: str, rows: int, *columns: ColumnCounters, arrival: float | None = None) -> Settlement:
        attempt = self.ledger.open_attempt(a_claim(key=key), idempotency_key=key, after_fence=0, now=NOON)
        assert attempt is not None
        figures = Amount(unit="seconds", at_most=60, observed=arrival)
        landed = Measurement(rule_id="latency", state=State.KEPT, sentence="", figures=figures)
        self.ledger.record_validation(
            attempt.id,
            [],
            document="{}",
            profile=PartitionProfile(row_count=rows, columns=columns),
            measurements=[] if arrival is None else [landed],
        )
        settlement = a_settlement(attempt.id, partition_key=key, settled_at=self.ports.clock.now())
        self.ledger.settle(settlement, assess(settlement, self.contract, self.ports))
        return settlement

    def weeks(self, *rows: int, last: date = THURSDAY, arrival: float | None = None) -> None:
        for back, count in zip(range(len(rows), 0, -1), rows, strict=True):
            self.publish(f"{last - timedelta(weeks=back)}", count, arrival=arrival)

    def read(self) -> list[tuple[str, str]]:
        announce(self.ledger, self.ports.clock)
        told = []
        while entry := self.ledger.claim_message(now=self.ports.clock.now(), lease=timedelta(hours=1)):
            told.append((entry.message.channel, entry.message.text))
            self.ledger.mark_sent(entry.message.id, ts="1", now=self.ports.clock.now())
        return told


@pytest.fixture
def published(tmp_path: Any) -> Published:
    contract = a_dataset(slaProperties=[{"property": "latency", "value": 4, "unit": "h"}])
    return Published(contract, FakePorts(tmp_path / "spool", contract))


def test_only_the_producers_are_told_and_only_in_the_digest(published: Published) -> None:
    published.weeks(*ROWS)
    published.publish(f"{THURSDAY}", 412)

    ((channel, text),) = published.read()

    assert channel == "#orders"
    assert text.startswith("Digest of 2026-11-02: 1 problem in 1 dataset")


def test_an_anomaly_blocks_nothing_and_is_over_with_the_next_usual_partition(published: Published) -> None:
    published.weeks(*ROWS)
    published.publish(f"{THURSDAY}", 412)
    (incident,) = published.ledger.incidents()
    assert (incident.cause, incident.kind.value, incident.blocked) == ("anomaly rows", "anomaly", ())

    published.publish(f"{THURSDAY + timedelta(weeks=1)}", 840)

    assert published.ledger.incidents() == ()


def test_an_anomaly_that_nobody_could_compare_again_stays(published: Published) -> None:
    published.weeks(*ROWS)
    published.publish(f"{THURSDAY}", 412)

    published.publish(f"{THURSDAY + timedelta(days=1)}", 840)

    assert len(published.ledger.incidents()) == 1


@pytest.mark.parametrize(("threshold", "told"), [("off", []), (3, ["anomaly rows"]), (100, [])])
def test_a_contract_decides_how_much_it_is_told(tmp_path: Any, threshold: object, told: list[str]) -> None:
    contract = a_dataset(anomalies=threshold)
    published = Published(contract, FakePorts(tmp_path / "spool", contract))
    published.weeks(*ROWS)

    settlement = published.publish(f"{THURSDAY}", 600)

    assert causes(anomalies_of(settlement, contract, published.ledger)) == told


@pytest.mark.parametrize("threshold", ["often", 0, True, "-7", "nan"])
def test_a_threshold_that_is_no_number_is_refused(threshold: object) -> None:
    with pytest.raises(ContractError, match=r"customProperties.anomalies: .* is not a threshold"):
        a_dataset(anomalies=threshold)


def test_a_late_arrival_is_compared_if_latency_is_promised(published: Published) -> None:
    published.weeks(842, 842, 842, 842, arrival=600)

    settlement = published.publish(f"{THURSDAY}", 842, arrival=20_000)

    assert causes(anomalies_of(settlement, published.contract, published.ledger)) == ["anomaly arrival"]


def test_partitions_that_were_loaded_months_later_have_no_arrival_to_compare(published: Published) -> None:
    a_year = 365 * 86_400
    published.weeks(842, 842, 842, 842, arrival=600)

    settlement = published.publish(f"{THURSDAY}", 842, arrival=a_year)

    found = anomalies_of(settlement, published.contract, published.ledger)
    assert (causes(found), "anomaly arrival" in found.in_order) == ([], False)


def test_a_weekday_pattern_is_no_anomaly(published: Published) -> None:
    """Weekends have a third of the rows; each day is compared with its own weekday."""
    first, told = THURSDAY - timedelta(days=70), []
    for number in range(70):
        key = first + timedelta(days=number)
        settlement = published.publish(f"{key}", (300 if key.weekday() >= 5 else 900) + number % 9)
        told += causes(anomalies_of(settlement, published.contract, published.ledger))

    assert told == []
    settlement = published.publish(f"{THURSDAY}", 300)
    assert causes(anomalies_of(settlement, published.contract, published.ledger)) == ["anomaly rows"]
