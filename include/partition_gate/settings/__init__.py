"""The settings of an installation, from the environment, `.env` and `partition-gate.toml`."""

from partition_gate.settings.loading import load_settings, load_settings_of
from partition_gate.settings.model import LogFormat, Settings
from partition_gate.settings.storage import Addressing
from partition_gate.settings.tables import limits_table, settings_table

__all__ = ["Addressing", "LogFormat", "Settings", "limits_table", "load_settings", "load_settings_of", "settings_table"]
