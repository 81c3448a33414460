"""No secret setting is in what commands print, log or write when nothing that it opens can be reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.commands import gate
from tests.integration.test_gate_run import COULD_NOT_JUDGE, KEY, Desk

from partition_gate.adapters.contract_folder import ContractFolder
from partition_gate.settings.model import Settings

NOBODY = "127.0.0.1:9"  # no server listens on this port, so each connection is refused at once
_SECRET = "hush"
_MARKERS = re.compile(_SECRET.encode() + rb"\w*")
SECRETS = tuple(name for name, field in Settings.model_fields.items() if isinstance(field.default, SecretStr))
DATABASES = ("ledger_url", "warehouse_uri")
CHANNELS = (
    {"channel": "#orders", "tool": "slack", "scope": "issues"},
    {"channel": "team@example.org", "tool": "email", "scope": "issues"},
    {"channel": f"http://{NOBODY}/hook", "tool": "webhook", "scope": "issues"},
)
PLACES = {
    "S3_ENDPOINT_URL": f"http://{NOBODY}",
    "S3_ACCESS_KEY_ID": "someone",
    "QUARANTINE_URI": "s3://lake/quarantine",
    "SLACK_API_URL": f"http://{NOBODY}/api/",
    "SMTP_FROM": "gate@example.org",
    "OPENLINEAGE_URL": f"http://{NOBODY}/api/v1/lineage",
    **dict.fromkeys(("STORE_CALL_TIMEOUT_S", "STORE_FILE_TIMEOUT_S", "LEDGER_TIMEOUT_S", "MESSAGE_TIMEOUT_S"), "1"),
}


def marker(setting: str) -> str:
    """A secret that is found wherever it appears, and long enough for a key."""
    return f"{_SECRET}{setting.replace('_', '')}{'0' * 32}"


def everything_secret() -> dict[str, str]:
    """A value with a marker for each setting that is a secret, or a URL with a password."""
    urls = {
        "smtp_url": f"smtp://gate:{marker('smtp_url')}@{NOBODY}",
        "ledger_url": f"postgresql+psycopg://gate:{marker('ledger_url')}@{NOBODY}/ledger",
        "warehouse_uri": f"postgresql://gate:{marker('warehouse_uri')}@{NOBODY}/lake",
    }
    return {name.upper(): urls.get(name, marker(name)) for name in (*SECRETS, *DATABASES)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A dataset whose rows would be quarantined, and which tells everybody."""
    desk = Desk(tmp_path)
    desk.contract = tmp_path / "contracts" / "orders.odcs.yaml"
    desk.contract.parent.mkdir()
    ContractFolder(desk.contract.parent, tmp_path / "expectations").write_suites(
        desk.write_contract(support=list(CHANNELS))
    )
    desk.land(id=[1, 1], amount=[1.5, -1.5])
    return desk


@pytest.mark.parametrize("unreachable", ["ledger", "all but the ledger"])
def test_what_cannot_be_reached_is_told_without_any_secret(desk: Desk, unreachable: str):
    settings = PLACES | everything_secret()
    if unreachable != "ledger":
        del settings["LEDGER_URL"]
    settings |= {
        "HOME": str(desk.home),
        "LOG_FORMAT": "json",
        "CONTRACTS": str(desk.contract.parent),
        "EXPECTATIONS": str(desk.folder / "expectations"),
    }
    environment = {f"GATE_{name}": value for name, value in settings.items()}
    environment |= {"PYTHONPATH": "include", "COLUMNS": "1000"}  # a line that is wrapped would hide a secret from us
    commands = (["run", str(desk.contract), KEY], ["notify"], ["status"], ["reconcile"], ["doctor"])

    answers = [gate("-vv", *each, environment=environment) for each in commands]

    printed = {each.args[2]: (each.stdout + each.stderr).encode() for each in answers}
    written = {str(path): path.read_bytes() for path in desk.home.rglob("*") if path.is_file()}
    found = {place: _MARKERS.findall(content) for place, content in (printed | written).items()}
    assert {place: markers for place, markers in found.items() if markers} == {}
    assert answers[0].returncode == COULD_NOT_JUDGE
