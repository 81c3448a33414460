"""Reports contracts without a DAG as its import error. An import error disables all DAGs of a file, so this has none."""

from __future__ import annotations

from partition_gate.apps.airflow.gate_dags import refuse_contracts_without_dags

refuse_contracts_without_dags()
