"""What Airflow shows about a run: the words of its note, and the page of its DAG."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.unit.test_odcs import minimal, read

from partition_gate.apps.airflow.dag_docs import dag_docs, dag_tags, owner_links, run_params, versions_offered
from partition_gate.apps.airflow.notes import note_of, said
from partition_gate.checks.compiling.compiled import compiled
from partition_gate.contract.schedule import schedule_of
from partition_gate.judging.disposition import PartitionOutcome
from partition_gate.testing.builders import a_settlement

ADDRESS = "https://airflow.example.org/gate/partitions/orders/2026-11-01"


def in_xcom(outcome: PartitionOutcome, **changes: Any) -> dict[str, Any]:
    return a_settlement("a", outcome=outcome).model_copy(update=changes).model_dump(mode="json")


def test_a_partition_that_is_published_without_a_problem_has_no_note():
    assert note_of(in_xcom(PartitionOutcome.PUBLISHED)) is None


def test_rows_that_consumers_do_not_see_yet_are_a_note():
    published = {**in_xcom(PartitionOutcome.PUBLISHED), "view_problem": "the consumers' view does not show it yet"}

    assert "does not show it yet" in (note_of(published) or "")


@pytest.mark.parametrize("outcome", [each for each in PartitionOutcome if each is not PartitionOutcome.PUBLISHED])
def test_every_other_outcome_has_one_that_begins_with_the_outcome(outcome: PartitionOutcome):
    note = note_of(in_xcom(outcome)) or ""

    assert note.startswith(f"**{outcome.value.replace('_', ' ').capitalize()}**")


def test_a_note_says_how_many_rows_are_published_why_and_where_to_look():
    rejected = in_xcom(PartitionOutcome.REJECTED, rows_in=1010, rows_published=0, why=("orders.id: 3 rows fail",))

    assert note_of(rejected, ADDRESS) == (
        "**Rejected**: 0 of 1,010 rows published: `orders.id: 3 rows fail`\n\n"
        f"[What happened, and what to do]({ADDRESS})"
    )


def test_a_note_fits_into_airflows_column_and_counts_the_reasons_that_do_not():
    note = said("rejected", reasons=["`a" + "\u202e" * 150] * 40, address=ADDRESS)

    assert len(note) <= 1000
    assert "\n- and 40 more\n" in note
    assert note.endswith(f"({ADDRESS})")


def test_reasons_are_inert_code_in_a_note():
    note = said("rejected", reasons=["`x` <img src=x> [click](javascript:alert(1))"])

    assert note == "**Rejected**: `` `x` <img src=x> [click](javascript:alert(1)) ``"


def test_further_reasons_are_lines_of_their_own():
    assert said("rejected", reasons=["a", "b", "c"]) == "**Rejected**: `a`\n- `b`\n- `c`"


def a_dataset(**changes: Any) -> Any:
    return compiled(read(minimal(**changes)))


def test_the_page_of_a_dag_has_the_contracts_promises_and_explains_the_grid():
    promise = {"property": "latency", "value": 4, "unit": "h"}
    dataset = a_dataset(
        team={"name": "Shop <b>team</b>"},
        support=[{"channel": "#orders", "tool": "slack", "url": "https://slack.example.org/orders"}],
        slaProperties=[promise],
    )

    text = dag_docs(dataset, schedule_of(dataset.dataset))

    assert "- **Owner:** `Shop <b>team</b>`" in text
    assert "- **Channels:** `#orders (slack)`" in text
    (check,) = (check for check in dataset.suite.suite.checks if check.promise)
    assert f"- `{check.rule_id}`: `{check.expected}`" in text
    assert "| skipped | yes | is **not** published" in text


def test_the_owner_of_a_dag_leads_to_a_channel_and_never_to_a_script():
    channels = [
        {"channel": "x", "tool": "other", "url": "javascript:alert(1)"},
        {"channel": "#orders", "tool": "slack", "url": "https://slack.example.org/orders"},
    ]

    assert owner_links(a_dataset(team={"name": "Shop"}, support=channels)) == {
        "Shop": "https://slack.example.org/orders"
    }
    assert owner_links(a_dataset(team={"name": "Shop"}, support=channels[:1])) == {}


def test_a_dag_is_found_by_its_dataset_and_by_the_domain_of_its_contract():
    dataset = a_dataset(domain="sales " * 30)

    assert dag_tags(dataset)[:2] == ["partition-gate", dataset.dataset.name]
    assert dag_tags(dataset)[2] == ("domain:" + "sales " * 30)[:100]


def test_the_form_of_a_run_offers_the_versions_of_the_contract_newest_first():
    new = read(
        minimal(version="2.0.0", customProperties=[{"property": "effectiveFrom", "value": f"{date(2026, 1, 1)}"}])
    )
    dataset = compiled(new, [read(minimal(version="1.0.0"))])

    assert run_params(versions_offered(dataset))["contract_version"].schema["enum"] == ["", "2.0.0", "1.0.0"]
