"""Changes to lineage: rows whose origin is lost, or another one than the true one."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

LINEAGE = "tests/unit/test_lineage.py"
COMMAND = "tests/integration/test_gate_lineage.py"
EVENTS = "tests/unit/test_open_lineage.py"
CATALOGUE = "tests/integration/test_open_lineage_events.py"
RECORDED = "tests/integration/test_ledger_behaviour.py"

TRACING = (
    Mutation("nobody knows which files were judged", "gate/inspect.py",
             "_inputs(compiled, attempt, partition.files, ports)", "_inputs(compiled, attempt, (), ports)",
             f"{LINEAGE}::test_a_run_is_made_from_the_files_that_it_copied"),
    Mutation("the file that could not be read is not named", "gate/inspect.py",
             "    ports.ledger.record_inputs(_inputs(compiled, attempt, partition.files, ports))\n"
             "    with _spooled(partition, attempt, ports) as spooled:\n",
             "    with _spooled(partition, attempt, ports) as spooled:\n"
             "        ports.ledger.record_inputs(_inputs(compiled, attempt, partition.files, ports))\n",
             f"{LINEAGE}::test_files_are_named_although_they_could_not_be_read"),
    Mutation("a chain of replays ends at the first one", "gate/lineage.py",
             "if recorded.replay else None", "if False else None",
             f"{LINEAGE}::test_rows_are_followed_through_replays_to_the_landed_files"),
    Mutation("the visible rows have no origin while a newer version is rejected", "gate/lineage.py",
             "newest_judged(settlements), visible)", "newest_judged(settlements))",
             f"{LINEAGE}::test_rows_that_nobody_sees_are_traced_beside_the_visible_ones"),
    Mutation("rows of a corrected file are taken for landed ones", "judging/lineage.py",
             "    if replay.is_replaced:\n        yield", "    if False:\n        yield",
             f"{LINEAGE}::test_rows_of_a_corrected_file_are_not_taken_for_quarantined_ones"),
    Mutation("rows that a file replaced are taken for judged ones", "judging/lineage.py",
             "taken = 0 if replay.is_replaced else replay.rows_taken", "taken = replay.rows_taken",
             f"{LINEAGE}::test_rows_of_a_corrected_file_are_not_taken_for_quarantined_ones"),
    Mutation("a rejected version is shown as published", "judging/lineage.py",
             "reversed(settlements) if each.outcome in VISIBLE)", "reversed(settlements))",
             f"{LINEAGE}::test_rows_that_nobody_sees_are_traced_beside_the_visible_ones"),
    Mutation("discarded rows vanish from the lineage", "judging/lineage.py",
             "    for each in discards:", "    for each in discards[:0]:",
             f"{LINEAGE}::test_discarded_rows_went_nowhere_and_the_reason_is_kept"),
    Mutation("a foreign key is said to have been checked against nothing", "gate/inspect.py",
             "        references=_referenced_versions(compiled, ports),", "        references=(),",
             f"{LINEAGE}::test_a_foreign_key_was_checked_against_the_version_of_that_time"),
    Mutation("the hash is of no file that anybody has", "gate/inspect.py",
             "compiled.suite.document.encode()", "compiled.suite.document.strip().encode()",
             f"{COMMAND}::test_the_hash_of_the_suite_is_that_of_the_committed_file"),
    Mutation("consumers that nobody asked for are taken for none", "presentation/lineage.py",
             "    if consumers is None:", "    if False:",
             f"{LINEAGE}::test_consumers_that_nobody_asked_for_are_not_taken_for_none"),
    Mutation("a file name acts on the terminal", "presentation/lineage.py",
             "displayed(each.path, limit=PATH_LENGTH)} ({size})", "each.path} ({size})",
             f"{LINEAGE}::test_a_file_name_cannot_act_on_a_terminal"),
    Mutation("the page of an older attempt shows where other rows come from", "gate/lineage.py",
             "executions=tuple(_made_from(settlement, ledger))",
             "executions=tuple(_made_from(visible or settlement, ledger))",
             "tests/integration/test_ledger_console.py::test_an_attempt_is_traced_although_it_is_not_the_current_one"),
    Mutation("without Airflow a page says that nobody reads a dataset", "apps/web/pages.py",
             "if self._access.starts_runs else None", "if True else None",
             "tests/integration/test_console.py::"
             "test_without_airflow_the_page_of_a_partition_does_not_say_that_nobody_reads_it"),
    Mutation("a retry replaces the record of what was judged", "adapters/ledger/attempts.py",
             "    insert_new(connection, inputs, attempt_id=recorded.attempt_id, document=document)",
             "    connection.execute(delete(inputs))\n"
             "    insert_new(connection, inputs, attempt_id=recorded.attempt_id, document=document)",
             RECORDED, only="first_record_of_what and sqlite"),
)  # fmt: skip

EMITTING = (
    Mutation("an attempt that a repair records is in no catalogue", "gate/repair.py",
             "tables.tell(settlement, attempt)", "pass",
             "tests/unit/test_open_lineage.py::test_an_attempt_that_a_repair_records_is_told_then"),
    Mutation("a full disk keeps events from the catalogue", "adapters/open_lineage.py",
             "finally:  # a full disk costs the catalogue nothing", "except KeyError:",
             "tests/integration/test_open_lineage_events.py::test_a_file_that_cannot_be_written_does_not_stop_the_catalogue"),
    Mutation("a run fails because a catalogue does not answer", "gate/lineage.py",
             "    except Exception as error:\n        is_defect", "    except KeyError as error:\n        is_defect",
             f"{EVENTS}::test_a_run_does_not_fail_because_nobody_takes_its_events"),
    Mutation("a check that nobody could judge is told as kept", "judging/open_lineage.py",
             "result.outcome is CheckOutcome.PASSED,", "result.outcome is not CheckOutcome.FAILED,",
             f"{EVENTS}::test_a_check_that_could_not_be_judged_did_not_succeed"),
    Mutation("rows that failed are told as published", "judging/open_lineage.py",
             "rows = sum(each.rows for each in judged.execution.outputs if isinstance(each, PublishedRows))",
             "rows = judged.rows_in",
             f"{EVENTS}::test_rows_that_are_in_quarantine_are_not_counted_as_output"),
    Mutation("a rejected partition is told as written", "judging/open_lineage.py",
             "if has_ended and judged.execution.outcome in VISIBLE else []", "if has_ended else []",
             f"{EVENTS}::test_a_rejected_partition_is_no_failed_run_and_has_no_output"),
    Mutation("each event is of another run", "judging/open_lineage.py",
             "str(uuid.uuid5(uuid.NAMESPACE_URL, ", "str(uuid.uuid5(uuid.uuid4(), ",
             f"{EVENTS}::test_a_run_starts_and_completes_under_one_id"),
    Mutation("two events are in one line of the file", "adapters/open_lineage.py",
             'ensure_ascii=False)}\\n" for', 'ensure_ascii=False)}" for',
             f"{CATALOGUE}::test_a_file_gets_one_line_for_each_event"),
    Mutation("events follow a redirect to another host", "adapters/open_lineage.py",
             "opener_until(deadline, _NoRedirects())", "opener_until(deadline)",
             CATALOGUE, only="302"),
    Mutation("a silent catalogue holds up every run", "adapters/open_lineage.py",
             "within(max(deadline.left_s, 0.001), lambda: _answered(request, deadline))",
             "_answered(request, Deadline(60))",
             f"{CATALOGUE}::test_a_silent_catalogue_is_not_waited_for_longer_than_the_limit"),
)  # fmt: skip
