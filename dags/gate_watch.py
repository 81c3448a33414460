"""The DAG `gate_watch`: what no partition run would notice. Unpause it once."""

from __future__ import annotations

from partition_gate.apps.airflow.watch_dag import watch_dag

gate_watch = watch_dag()
