"""Contracts without a DAG: this file's import error, which Airflow shows on its first page, says which and why.

An import error stops every DAG of its own file, so this one has none.
"""

from __future__ import annotations

from gate_contracts import built

from partition_gate.apps.airflow.dag_building import refuse_left_out

refuse_left_out(built.left_out)
