"""What the installed package says of itself."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

from typer.testing import CliRunner

import partition_gate
from partition_gate.apps.cli.main import app


def test_the_command_prints_the_version():
    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.output) == (0, f"gate {partition_gate.__version__}\n")


def test_the_package_s_metadata_has_the_same_version():
    assert version("partition-gate") == partition_gate.__version__


def test_the_package_carries_its_types():
    assert files("partition_gate").joinpath("py.typed").is_file()
