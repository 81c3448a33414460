"""Reports contracts without a DAG as its import error, which disables all DAGs of a file: this one has none."""

from __future__ import annotations

from partition_gate.apps.airflow.gate_dags import refuse_contracts_without_dags

refuse_contracts_without_dags()
