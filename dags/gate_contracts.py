"""One DAG for each dataset of the contracts; partition_gate.apps.airflow.gate_dags describes them."""

from __future__ import annotations

from partition_gate.apps.airflow.gate_dags import contract_dags

globals().update(contract_dags())
