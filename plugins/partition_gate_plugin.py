"""The plugin of a checkout that is not installed. An installed package provides it by an entry point.

Airflow refuses a plugin that both provide, and its tasks then lose the plugins that come after it.
"""

from __future__ import annotations

from partition_gate.apps.airflow import plugin

if not plugin.is_entry_point():
    PartitionGatePlugin = plugin.PartitionGatePlugin
