"""Reports contracts without a DAG: its import error, which Airflow shows on the home page, names them and the reasons.

An import error disables all DAGs of a file, so this file defines none.
"""

from __future__ import annotations

from gate_contracts import built

from partition_gate.apps.airflow.dag_building import refuse_left_out

refuse_left_out(built.left_out)
