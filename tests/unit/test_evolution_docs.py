"""docs/reference/evolution.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from partition_gate.apps.cli.export import Form
from partition_gate.contracts.compatibility.changes import Mode, compare, contract_version
from partition_gate.contracts.compatibility.report import CompatibilityReport, report_document
from partition_gate.contracts.compatibility.rules import rules_table

PAGE = Path("docs/reference/evolution.md").read_text(encoding="utf-8")


def test_the_table_of_change_rules_is_the_code_s():
    assert PAGE.split("<!-- rules -->\n")[1].split("\n<!-- /rules -->")[0] == rules_table()


def test_every_key_of_the_json_is_documented():
    version = contract_version({"id": "a", "version": "1"}, label="a")
    document = report_document(CompatibilityReport(comparison=compare(version, version)), mode=Mode.FULL, partitions=())

    keys = {*document, *document["version_rule"], *document["breaking"]}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_every_form_of_an_export_is_documented():
    assert {form.value for form in Form if f"- `{form.value}`" not in PAGE} == set()


def test_every_option_that_is_documented_exists():
    commands = " ".join(Path("include/partition_gate/apps/cli").joinpath(f"{name}.py").read_text() for name in _MODULES)
    named = set(re.findall(r"--[a-z]+", PAGE))

    assert {option for option in named if f'"{option}"' not in commands} == set()


_MODULES = ("drafts", "evolution", "export", "registry", "schemas", "versions")
