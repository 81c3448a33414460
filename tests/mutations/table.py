"""Changes to the code that would do harm in silence, each with the tests that must fail when it is made."""

from __future__ import annotations

from tests.mutations.anomalies import COMPARING, DIGESTING, PROMOTING
from tests.mutations.ci_formats import SHOWN
from tests.mutations.columns_and_values import READING, SHOWING
from tests.mutations.containers import CONTAINED
from tests.mutations.drafting import DRAFTING
from tests.mutations.drift import COMPARING_WITH_BASELINES, DRIFTING
from tests.mutations.environments import COMPARING_SIDES, DIFFERING
from tests.mutations.guides import GUIDING
from tests.mutations.incidents import DELIVERING, LASTING
from tests.mutations.landing import PATHS
from tests.mutations.limits_and_settings import ENDING, INSTALLING, READERS, REFUSING
from tests.mutations.lineage import EMITTING, TRACING
from tests.mutations.monitoring import MONITORED
from tests.mutations.mutation import Mutation
from tests.mutations.objects import ASSIGNING, NAMING
from tests.mutations.pages import ACTING, LOOKING, NOTING, REPORTING
from tests.mutations.postgres import STORING
from tests.mutations.projects import BEGINNING, PROVIDING
from tests.mutations.quarantine import AGEING, GIVING_UP, HOLDING, RECOVERING, REMOVING, REPLAYING
from tests.mutations.service_levels import ALERTING, MEASURING, RESPONDING
from tests.mutations.standard import ACCEPTING, TRANSLATING
from tests.mutations.upstream import HANDING_OFF, RESOLVING
from tests.mutations.watching import DELIVERED, MISSING, NOTICING, REFERRING, SURVIVING, WANTING

PIPELINE = "tests/unit/test_pipeline.py"
LEDGER = "tests/integration/test_ledger_behaviour.py"
SQL_LEDGER = "tests/integration/test_sql_ledger.py"
WAREHOUSE = "tests/integration/test_warehouse_behaviour.py"
DELTA = "tests/integration/test_delta_warehouse.py"
VERDICT = "tests/unit/test_verdict_and_disposition.py"
ALERT = "tests/unit/test_alert.py"
NOTIFY = "tests/integration/test_notify.py"
EMAIL = "tests/integration/test_email.py"
WEBHOOK = "tests/integration/test_webhook.py"
KEYS = "tests/unit/test_partition_keys.py"
KEYED_TABLES = "tests/integration/test_partition_keys_in_tables.py"
STORES = "tests/integration/test_object_store_behaviour.py"
MASKING = "tests/unit/test_masking.py"
MASKED = "tests/integration/test_masked_values.py"
AIRFLOW = "tests/integration/test_airflow_dags.py"

JUDGING = (
    Mutation("a rule that nobody ran looks green", "judging/verdict.py",
             "case _:\n            return CheckOutcome.ERRORED", "case _:\n            return CheckOutcome.PASSED",
             VERDICT),
    Mutation("what could not be known passes", "judging/verdict.py",
             "return CheckOutcome.UNKNOWN", "return CheckOutcome.PASSED", VERDICT),
    Mutation("a broken rule passes", "judging/verdict.py",
             "case Evaluated(success=True):", "case Evaluated():", VERDICT),
    Mutation("a warning blocks", "judging/verdict.py",
             "return CheckOutcome.FAILED if check.severity is Severity.ERROR else CheckOutcome.WARNED",
             "return CheckOutcome.FAILED", VERDICT),
    Mutation("a footer's statistics answer for the rows", "adapters/gx/duckdb/scan.py",
             "SET disabled_optimizers = 'statistics_propagation'", "SET disabled_optimizers = ''",
             "tests/integration/test_gx_files.py"),
    Mutation("a promise over time that could not be judged keeps the partition back", "judging/verdict.py",
             "if result.scope is not Scope.SLA)", "if result)", VERDICT),
    Mutation("exactly as many failing rows as allowed reject the partition", "judging/disposition.py",
             "(failing + kept) / rows <= limits.quarantine_limit", "(failing + kept) / rows < limits.quarantine_limit",
             PIPELINE),
    Mutation("unknown checks are named beside the failure that they follow from", "judging/disposition.py",
             "why=why or _unknown(blocking)", "why=(*why, *_unknown(blocking))", VERDICT),
    Mutation("a row-level rule that could not be judged publishes", "judging/disposition.py",
             "if r.outcome is CheckOutcome.UNKNOWN):", "if r.outcome is CheckOutcome.PASSED):", PIPELINE),
    Mutation("exactly half of the rows are held", "judging/disposition.py",
             "rows >= before * limits.shrink_limit", "rows > before * limits.shrink_limit", VERDICT),
    Mutation("failing rows count as published when the shrink is judged", "judging/disposition.py",
             "_shrinks(rows - rows_quarantined,", "_shrinks(rows,", VERDICT),
    Mutation("quarantined rows are not told", "judging/disposition.py",
             "PartitionOutcome.PUBLISHED if is_whole else PartitionOutcome.PUBLISHED_WITH_QUARANTINE",
             "PartitionOutcome.PUBLISHED", PIPELINE),
    Mutation("old data that is loaded now is told as late", "judging/promises.py",
             "HISTORY = timedelta(days=30)", "HISTORY = timedelta(days=3)", "tests/unit/test_service_levels.py"),
    Mutation("the hour that clocks show twice is due after its first half", "contract/calendar.py",
             "return begin, max(next_hour, begin + step)", "return begin, begin + step",
             "tests/unit/test_calendar_and_readiness.py"),
)  # fmt: skip

GATE = (
    Mutation("warnings quarantine rows", "gate/dispose.py",
             "for result in judged.verdict.failed(Scope.ROW)}", "for result in judged.verdict.results}", PIPELINE),
    Mutation("rows of a held partition are staged", "gate/dispose.py",
             "if disposition.outcome in VISIBLE else None\n    uri", "if True else None\n    uri", PIPELINE),
    Mutation("files that can be read are kept whole in quarantine", "gate/dispose.py",
             "raw = () if judged.validation.row_count is not None else spooled.paths", "raw = spooled.paths", PIPELINE),
    Mutation("a recorded outcome is returned although its rows are gone", "gate/inspect.py",
             "return key, outcome if current and current.idempotency_key == own else None", "return key, outcome",
             PIPELINE),
    Mutation("another version's outcome is returned", "gate/inspect.py",
             " or not _is_of(outcome, key, ports):", ":", PIPELINE),
    Mutation("an error is final", "gate/inspect.py",
             " or outcome.outcome not in FINAL or", " or", PIPELINE),
    Mutation("a lost ledger hands out fences that the table has seen", "gate/inspect.py",
             "after_fence=current.fence if current else 0", "after_fence=0", PIPELINE),
    Mutation("an older listing is judged", "gate/pipeline.py",
             "self._open(landed.seen_fence, landed", "self._open(None, landed", PIPELINE),
    Mutation("a decision over another visible version is published", "gate/settle.py",
             "over=inspection.over", "over=None", PIPELINE),
    Mutation("an overtaken attempt publishes", "gate/settle.py",
             "if not ports.ledger.intend(owned, intent, now=ports.clock.now()):",
             "if ports.ledger.intend(owned, intent, now=ports.clock.now()) is None:", PIPELINE),
    Mutation("superseded is told as published", "gate/settle.py",
             '"outcome": PartitionOutcome.SUPERSEDED', '"outcome": PartitionOutcome.PUBLISHED', PIPELINE),
    Mutation("superseded rows stay staged", "gate/settle.py",
             "discard(inspection.attempt, ports)\n", "pass\n", PIPELINE),
    Mutation("a repeat of the same bytes makes a new version", "gate/settle.py",
             "visible is not None and visible.idempotency_key == attempt.idempotency_key",
             "visible is not None and visible.attempt_id == attempt.id", PIPELINE),
    Mutation("a commit whose answer was lost is called an error", "gate/settle.py",
             "if visible is None or visible.attempt_id != attempt.id:", "if visible:", PIPELINE),
    Mutation("an error after the commit says that nothing was published", "gate/settle.py",
             "    except OperatorError as error:\n        where", "    except ValueError as error:\n        where",
             PIPELINE),
    Mutation("a view that could not be written is never written", "gate/settle.py",
             "is_finished=has_view", "is_finished=True", PIPELINE),
    Mutation("somebody else's visible rows finish an attempt", "gate/repair.py",
             " or publication.idempotency_key != attempt.idempotency_key:", ":", PIPELINE),
    Mutation("an attempt of a live process is ended", "gate/repair.py",
             "return ports.workers.is_running(attempt.owner) is not False", "return False", PIPELINE),
    Mutation("an attempt whose owner nobody knows is never ended", "gate/repair.py",
             "ports.clock.now() - unfinished.state_since > ABANDONED_AFTER", "False", PIPELINE),
    Mutation("what a dead attempt staged stays", "gate/repair.py",
             "    discard(attempt, ports, with_quarantine=True, may_still_commit=was_publishing)\n", "", PIPELINE),
    Mutation("rows of a commit that may still come are removed", "gate/repair.py",
             "(visible is not None and visible.fence > attempt.fence) or", "visible is None or",
             PIPELINE),
    Mutation("one broken attempt stops every other partition", "gate/repair.py",
             "except GateError as error:\n            ending", "except ValueError as error:\n            ending",
             PIPELINE),
    Mutation("the same error is told at every retry", "gate/pipeline.py",
             "(before.outcome, before.why) == (outcome, (why,))", "before.attempt_id == why", PIPELINE),
    Mutation("visible rows are recorded as errored", "gate/pipeline.py",
             "except (NothingDue, NotRecorded):", "except NothingDue:",
             PIPELINE),
    Mutation("a mistyped key is recorded as missing", "gate/pipeline.py",
             "        discover.check_promised(self.compiled.dataset, self.key, ports=self.ports)\n", "", PIPELINE),
    Mutation("an outcome is forgotten whose rows are visible", "gate/operations.py",
             "if visible is not None:", "if False:", PIPELINE),
    Mutation("the spool folder of a live run is swept", "gate/spool.py",
             "with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):", "if True:", PIPELINE),
    Mutation("a spool folder that is being made is swept", "gate/spool.py",
             "with _locked(parent, fcntl.LOCK_EX | fcntl.LOCK_NB):", "if True:", PIPELINE),
    Mutation("a row count that does not add up is no difference", "gate/reconcile.py",
             "if publication.rows != recorded.rows_published:", "if False:", PIPELINE),
)  # fmt: skip

STATE = (
    Mutation("an older attempt's end replaces a newer one's", "adapters/ledger/settlements.py",
             "(fence >= current and", "(fence >= 0 and", LEDGER, "on_sqlite"),
    Mutation("superseded replaces the outcome", "adapters/ledger/settlements.py",
             " and settlement.outcome is not PartitionOutcome.SUPERSEDED)", ")", LEDGER, "on_sqlite"),
    Mutation("a listing that is older than the newest attempt opens one", "adapters/ledger/attempts.py",
             "newest != claim.seen_fence", "newest < claim.seen_fence", LEDGER, "on_sqlite"),
    Mutation("an overtaken attempt may publish", "adapters/ledger/attempts.py",
             "lock_partition(connection, attempt.dataset, attempt.partition_key) > attempt.fence",
             "lock_partition(connection, attempt.dataset, attempt.partition_key) < 0", LEDGER, "on_sqlite"),
    Mutation("a fence is given twice", "adapters/ledger/attempts.py",
             "fence = max(newest, after_fence) + 1", "fence = max(newest, after_fence + 1)", LEDGER, "on_sqlite"),
    Mutation("an attempt that ended begins again", "adapters/ledger/attempts.py",
             "attempts.c.state.not_in(_FINAL_STATES)", "attempts.c.state != state.value", LEDGER, "on_sqlite"),
    Mutation("a message that was sent is sent again", "adapters/ledger/outbox.py",
             "outbox.c.id == message_id, outbox.c.state != SENT", "outbox.c.id == message_id", LEDGER, "on_sqlite"),
    Mutation("messages are claimed newest first", "adapters/ledger/outbox.py",
             ".order_by(outbox.c.number)\n        .limit(1)", ".order_by(outbox.c.number.desc())\n        .limit(1)",
             LEDGER, "on_sqlite"),
    Mutation("a message that a worker is sending is claimed by another", "adapters/ledger/outbox.py",
             "free_at=now + lease", "free_at=now", LEDGER, "on_sqlite"),
    Mutation("a message whose answer was lost is sent without a look", "gate/notify.py",
             "if is_unknown and (earlier_ts := self._find(entry)):", "if False and (earlier_ts := self._find(entry)):",
             NOTIFY),
    Mutation("a look that failed proves that nothing was sent", "gate/notify.py",
             "isinstance(error, NotDelivered) and not is_unknown", "isinstance(error, NotDelivered)", NOTIFY),
    Mutation("a message whose answer was lost is tried again at once", "gate/notify.py",
             "return wait if surely_unsent else max(wait, self.times.settling)", "return wait", NOTIFY),
    Mutation("a mail server that is silent is asked for every message", "gate/notify.py",
             "self.silent = Silent(tools=tools | {message.tool}, channels=channels)", "pass", EMAIL),
    Mutation("an e-mail may be sent after its time", "gate/deadlines.py",
             "        if self.passed:\n            raise TimeoutError", "        pass",
             "tests/integration/test_slack.py"),
    Mutation("an e-mail whose answer was lost counts as refused", "adapters/email.py",
             "        if has_begun:\n            return ServiceSilent(",
             "        if False:\n            return ServiceSilent(",
             EMAIL),
    Mutation("a password is sent without encryption", "adapters/email.py",
             "elif not self._server.is_local:", "elif False:", EMAIL),
    Mutation("an address may carry commands", "adapters/email.py",
             "if not is_email_address(message.channel):", 'if "@" not in message.channel:', EMAIL),
    Mutation("a repeated e-mail cannot be recognised", "adapters/email.py",
             "message_id(message.id, domain)", 'message_id(message.id + now.isoformat(), domain)', EMAIL),
    Mutation("a webhook follows redirects", "adapters/webhook.py",
             "opener_until(deadline, _NoRedirects())", "opener_until(deadline)", WEBHOOK),
    Mutation("a webhook's signature does not cover its time", "adapters/webhook.py",
             "b'%d.%s' % (at, body)", "body", WEBHOOK),
    Mutation("a webhook that may have arrived counts as refused", "adapters/webhook.py",
             "    if has_begun:", "    if False:", WEBHOOK),
)  # fmt: skip

PUBLISH = (
    Mutation("the same fence publishes twice", "adapters/warehouse_delta/warehouse.py",
             "newest < wanted.fence:", "newest <= wanted.fence:", WAREHOUSE),
    Mutation("visible rows are discarded", "adapters/warehouse_delta/warehouse.py",
             "layout.attempt_of(path) == attempt_id and path not in visible", "layout.attempt_of(path) == attempt_id",
             WAREHOUSE),
    Mutation("a version that was visible a moment ago is swept", "adapters/warehouse_delta/warehouse.py",
             "{*table_log.visible_paths(log), *self._removed_since(log, table, staged_before)}",
             "{*table_log.visible_paths(log)}", DELTA),
    Mutation("a staged file that was replaced is published", "adapters/warehouse_delta/warehouse.py",
             "size_bytes not in (None, file.size_bytes)", "size_bytes is Ellipsis", DELTA),
    Mutation("an attempt that was published stages over its visible files", "adapters/warehouse_delta/warehouse.py",
             "if path not in visible:  #", "if True:  #", DELTA),
    Mutation("a newer version that came while columns were added is replaced", "adapters/warehouse_delta/warehouse.py",
             "continue  # other commits", "log = self._logs.load(table.name)  # other commits", DELTA),
    Mutation("another version than the decision rests on is replaced", "adapters/warehouse_delta/warehouse.py",
             "if over not in {None, visible.fence if visible else 0}:", "if False:", WAREHOUSE),
)  # fmt: skip

TELLING = (
    Mutation("masking compares names by case", "core/masking.py",
             "return column.casefold() not in self.open", "return column not in self.open", MASKING),
    Mutation("texts that a query returns are shown", "adapters/gx/execution/shown_values.py",
             "may_read_all and not self.is_open", "False",
             "tests/integration/test_clauses_of_sql.py::test_a_text_is_shown_only_if_every_column_may_be"),
    Mutation("a few of many rows are shown as none", "core/display.py",
             'return "<0.01%"', 'return "0.00%"', "tests/unit/test_display.py"),
)  # fmt: skip

KEYING = (
    Mutation("a key is recorded as somebody typed it", "gate/pipeline.py",
             "self.key, self.ports = canonical_key(today.dataset, key, now=ports.clock.now()), ports",
             "self.key, self.ports = key, ports",
             PIPELINE),
    Mutation("a mistyped key that names no date is recorded as missing", "gate/discover.py",
             "if covered is None and dataset.location.segments:", "if dataset is None:", PIPELINE),
    Mutation("an outcome is forgotten only under one spelling of its key", "gate/operations.py",
             "        key = canonical_key(today.dataset, key, now=ports.clock.now())", "        key = key.strip()",
             PIPELINE),
    Mutation("a decimal has a key for each number of zeros", "core/key_types.py",
             "exact = value.quantize(Decimal(1).scaleb(-self.scale), context=Context(prec=_MOST_DIGITS))",
             "exact = value", KEYS),
    Mutation("a decimal is a key that half of Delta's readers cannot read", "core/key_types.py",
             'or (fraction and text.startswith("-"))', "", KEYS),
    Mutation("a folder as Spark or Hive writes it has no key", "core/partition_key.py",
             'names = (plain, hive, quote(plain, safe=""))', "names = (plain,)", KEYS),
    Mutation("a key is decoded twice", "core/partition_key.py",
             'plain = unquote(text, errors="strict")', 'plain = unquote(unquote(text), errors="strict")', KEYS),
    Mutation("a folder without a value is a key", "core/key_types.py",
             "if not text:\n            raise ValueError(text)\n        return text",
             "if text is None:\n            raise ValueError(text)\n        return text", KEYS),
    Mutation("a date has two spellings in landing", "core/key_types.py",
             "if not _DAY.fullmatch(text):", "if not text:", KEYS),
    Mutation("a timestamp is committed as Delta's kernel cannot parse it", "core/key_types.py",
             'return self.format(value) if self.has_zone else self._text(value, " ")', "return self.format(value)",
             KEYED_TABLES),
    Mutation("a key leads to the folder above", "core/partition_key.py",
             'part.replace(".", "%2E") if part in {".", ".."} else part', "part", KEYS),
    Mutation("a key is longer than the name of a folder may be", "core/partition_key.py",
             "if len(part) > longest:", "if part is None:", KEYS),
    Mutation("Airflow's sign between parts stands inside of one", "core/partition_key.py",
             'quote(plain, safe=":+").replace("~", "%7E")', 'quote(plain, safe=":+")', KEYS),
    Mutation("a folder that nobody writes so is a partition that nobody finds", "core/partition_key.py",
             "if folder != part and folder not in self.spellings(part):", "if not part:", KEYS),
    Mutation("a value that is not canonical makes a table unloadable", "core/partition_key.py",
             "if (canonical := segment.part(part)) != part:", "if (canonical := segment.part(part)) is None:",
             KEYED_TABLES),
    Mutation("an encoded partition is never found again", "adapters/warehouse_delta/table_log.py",
             'return [unquote(path) if "%" in path else path for path in paths]', "return list(paths)", KEYED_TABLES),
    Mutation("one of two folders of a partition is dropped in silence", "adapters/object_store/listing.py",
             "if len(files_by_folder) > 1:", "if files_by_folder is None:", STORES),
    Mutation("a folder without a key hides the others", "adapters/object_store/listing.py",
             "except MalformedPartitionKey as error:", "except KeyError as error:", STORES),
)  # fmt: skip

SCHEDULING = (
    Mutation("a contract by hour is never run", "apps/airflow/timetable.py",
             "key_format = format_to_airflow(schedule.key_format)", "key_format = schedule.key_format", AIRFLOW),
    Mutation("a key that Airflow forbids is found out by nobody", "apps/airflow/timetable.py",
             "if not pattern or not re.match(", "if not re.match('', ", AIRFLOW),
    Mutation("the day before the clocks change is never run", "apps/airflow/timetable.py",
             "return previous if previous < current else", "return previous if previous else", AIRFLOW),
    Mutation("a contract that Airflow refuses hides all others", "apps/airflow/dag_building.py",
             "(AirflowException, ValueError, TypeError, GateError)", "(GateError,)", AIRFLOW),
    Mutation("a suite that is no text hides all contracts", "adapters/contract_folder.py",
             'encoding="utf-8", errors="replace")', 'encoding="utf-8")', AIRFLOW),
)  # fmt: skip

MUTATIONS = (
    *STORING,
    *CONTAINED,
    *(*JUDGING, *GATE, *STATE, *PUBLISH, *TELLING, *KEYING, *SCHEDULING),
    *(*REFUSING, *ENDING, *READERS, *INSTALLING, *READING, *SHOWING),
    *(*MISSING, *WANTING, *SURVIVING, *NOTICING, *DELIVERED),
    *(*LASTING, *DELIVERING, *MEASURING, *ALERTING, *RESPONDING, *COMPARING, *DIGESTING, *PROMOTING, *DRIFTING),
    *COMPARING_WITH_BASELINES,
    *(*ASSIGNING, *NAMING, *SHOWN, *NOTING, *REPORTING, *ACTING, *REFERRING),
    *(*LOOKING, *ACCEPTING, *TRANSLATING, *PATHS, *DRAFTING, *GUIDING),
    *(*PROVIDING, *BEGINNING, *REPLAYING, *GIVING_UP, *AGEING, *TRACING, *EMITTING, *RESOLVING, *HANDING_OFF),
    *(*DIFFERING, *COMPARING_SIDES, *RECOVERING, *HOLDING, *REMOVING, *MONITORED),
)
