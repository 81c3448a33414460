"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from partition_gate.judging.run_document import run_document
from partition_gate.settings import Settings, load_settings, settings_table
from partition_gate.testing.builders import a_check_result, a_settlement

README = Path("README.md").read_text()
RUN_JSON = Path("docs/reference/run-json.md").read_text()


def test_the_table_of_settings_is_the_code_s():
    shown = README.split("<!-- settings -->\n")[1].split("\n<!-- /settings -->")[0]

    assert shown == settings_table()


def test_every_key_of_the_json_is_documented():
    document = run_document(
        a_settlement(), [a_check_result()], already_published=False, in_memory=False, links={}, messages=[]
    )

    keys = {*document, *document["checks"][0]}
    assert {key for key in keys if f"`{key}`" not in RUN_JSON} == set()


def test_every_link_between_documents_leads_somewhere():
    for page in [Path("README.md"), Path("CONTRIBUTING.md"), *Path("docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page}: {target}"


def test_compose_names_only_settings_that_exist():
    compose = yaml.safe_load(Path("docker-compose.yaml").read_text())

    named = {name for service in compose["services"].values() for name in service.get("environment", {})}

    gate = {name.removeprefix("GATE_").lower() for name in named if name.startswith("GATE_")}
    assert gate
    assert gate <= set(Settings.model_fields)


def test_relative_folders_start_at_the_project():
    settings = load_settings({"GATE_HOME": "here"}, project=Path("/project"))

    assert (settings.home, settings.contracts) == (Path("/project/here"), Path("/project/include/contracts"))
