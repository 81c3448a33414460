"""Notes on the runs and tasks of the gate's DAGs: the outcome of the partition in words.

Airflow's grid marks a run and a task that has a note. So only runs have one that a person should look at; a partition
that is published without a problem has none (docs/adr/0050). Airflow gives a task no way to write a note. The task
leaves the words in XCom, and Airflow calls this listener in the scheduler when the run ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from partition_gate.core.display import inline_code
from partition_gate.core.errors import GateError
from partition_gate.core.names import DAG_PREFIX

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

NOTE_KEY = "note"  # of the XCom
# Airflow keeps the id of a note's author. A note that a person has edited has the person's.
AUTHOR = "partition-gate"
_LONGEST = 1000  # characters; what Airflow's column holds
_MORE = "\n- and {:,} more"
_BEFORE = (": ", "\n- ")  # the first reason, and the others
_PUBLISHED = "published"


def note_of(settlement: dict[str, Any], address: str = "") -> str | None:
    """The note (Markdown) of a settlement as it is in XCom; None if the partition is published without a problem.

    `address`: the page of the partition; empty: there is none.
    """
    outcome, rows_in, view_problem = settlement["outcome"], settlement["rows_in"], settlement.get("view_problem")
    if outcome == _PUBLISHED and not view_problem:
        return None
    rows = f"{settlement['rows_published']:,} of {rows_in:,} rows published" if rows_in else ""
    reasons = [*settlement["why"], *([view_problem] if view_problem else [])]
    return said(outcome.replace("_", " "), rows, reasons=reasons, address=address)


def said(outcome: str, details: str = "", *, reasons: Sequence[str] = (), address: str = "") -> str:
    """A note: the outcome, as many reasons as fit (text from data and contracts is inert code), and where to look.

    The first reason is on the first line, because Airflow shows only that one beside a run.
    """
    link = f"\n\n[What happened, and what to do]({address})" if address else ""
    text = f"**{outcome.capitalize()}**" + (f": {details}" if details else "")
    left = _LONGEST - len(text) - len(link) - len(_MORE.format(len(reasons)))
    told = 0
    for reason in reasons:
        line = f"{_BEFORE[min(told, 1)]}{inline_code(reason)}"
        left -= len(line)
        if left < 0:
            break
        text, told = text + line, told + 1
    more = len(reasons) - told
    return text + (_MORE.format(more) if more else "") + link


@contextmanager
def errors_noted(ti: Any) -> Iterator[None]:
    """An error of the gate becomes the note of the failed task and of its run. It is raised again."""
    try:
        yield
    except GateError as error:
        ti.xcom_push(key=NOTE_KEY, value=said("not judged", reasons=(str(error),)))
        raise


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:  # noqa: ARG001 (Airflow's signature)
    """Write the notes of a run that has ended."""
    _write_notes(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:  # noqa: ARG001 (as above)
    """Write the notes of a run that has failed."""
    _write_notes(dag_run)


def _write_notes(dag_run: DagRun) -> None:
    """In Airflow's own session, which it commits with the state of the run."""
    from sqlalchemy.orm import object_session  # noqa: PLC0415 (every process of Airflow imports this module)

    session = object_session(dag_run)
    if session is None or not dag_run.dag_id.startswith(DAG_PREFIX):
        return
    with session.no_autoflush:
        found = _left_in_xcom(dag_run, session)
        newest = next(reversed(found.values()), None)
        _annotate(dag_run, "dag_run_note", newest)
        for instance in dag_run.get_task_instances(session=session):
            _annotate(instance, "task_instance_note", found.get(instance.task_id))


def _left_in_xcom(dag_run: DagRun, session: Session) -> dict[str, str]:
    """The notes by task id, oldest first."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415 (as above)
    from sqlalchemy import select  # noqa: PLC0415 (as above)

    same_run = (XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == NOTE_KEY)
    rows = session.scalars(select(XComModel).where(*same_run).order_by(XComModel.timestamp)).all()
    return {row.task_id: text for row in rows if isinstance(text := XComModel.deserialize_value(row), str)}


def _annotate(noted: Any, relation: str, text: str | None) -> None:
    """Replace our note, or remove it if there is nothing to say any more. A person's note stays as it is."""
    note = getattr(noted, relation)
    if note is not None and note.user_id != AUTHOR:
        return
    if text is None:
        setattr(noted, relation, None)
    elif note is None:
        noted.note = {"content": text, "user_id": AUTHOR}
    else:
        note.content = text
