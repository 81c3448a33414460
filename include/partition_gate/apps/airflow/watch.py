"""The task of the DAG `gate_watch`: one pass of the watch, and the runs that it wants Airflow to start."""

from __future__ import annotations

import logging
from typing import Any

from partition_gate.alerts.dataset_problems import GATE
from partition_gate.apps.airflow.timetable import KEY_IN_CONF, to_airflow
from partition_gate.apps.web.metrics import LedgerMetrics, tell_gauges
from partition_gate.core.errors import OperatorError
from partition_gate.gate.look import WantedRun, WatchPlan
from partition_gate.gate.watch import watch as one_pass
from partition_gate.settings import load_settings
from partition_gate.watching.delivery import not_muted, undelivered
from partition_gate.wiring import contract_folder, open_ports

log = logging.getLogger(__name__)

_LONGEST_KEY = 180  # a run id has at most 250 characters


def watch() -> list[dict[str, Any]]:
    """One pass; the arguments of a TriggerDagRunOperator for each wanted run.

    Raises:
        OperatorError: the ledger does not answer.
    """
    settings = load_settings()
    with open_ports(settings) as ports:
        catalogue = contract_folder(settings).load_current()
        found = one_pass(catalogue.contracts, catalogue.broken, plan=WatchPlan(), ports=ports)
        tell_gauges(LedgerMetrics(ports.ledger, lambda: catalogue, ports.clock), ports)
    log.info(
        "watched datasets=%d missing=%d wanted=%d waiting=%d not_looked_at=%d repaired=%d",
        *(found.datasets, len(found.missing), len(found.wanted), found.waiting),
        *(len(found.not_looked_at), found.repaired),
    )
    if catalogue.not_run:
        log.info("not watched datasets=%d: %s", len(catalogue.not_run), "; ".join(catalogue.not_run))
    return [trigger_of(run) for run in found.wanted]


def refuse_undelivered() -> None:
    """Make the run of the watch red while people do not get their messages, after everything else was done.

    Raises:
        OperatorError: messages have waited for too long and nobody has muted that (it says where, since when and why),
            or the ledger does not answer.
    """
    with open_ports(load_settings()) as ports:
        now = ports.clock.now()
        waiting = undelivered(ports.ledger.backlog(), now=now)
        found = [each.sentence(now) for each in not_muted(waiting, ports.ledger.incidents(GATE))]
    if found:
        raise OperatorError("\n".join(found))


def trigger_of(run: WantedRun) -> dict[str, Any]:
    """The arguments that start the run. Its id is the same whichever watch wants it, so it is started once.

    The key is in the run's conf, because the task SDK of Airflow 3.3 does not pass a partition key on when a task
    triggers a run (docs/adr/0032).
    """
    key = to_airflow(run.key)
    shown = key[:_LONGEST_KEY].replace("..", "._")  # Airflow refuses two dots in an id
    return {
        "trigger_dag_id": run.dag,
        "trigger_run_id": f"watch__{shown}__{run.identity}",
        "conf": {KEY_IN_CONF: key},
        "note": f"started by gate_watch: the partition {run.key} {run.why}",
    }
