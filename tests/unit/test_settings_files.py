"""Where settings are read: the environment, `.env`, `partition-gate.toml`; and what is refused, with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from partition_gate.core.errors import InvalidSetting
from partition_gate.settings import load_settings

DOTENV, TOML = ".env", "partition-gate.toml"
KEY = {"GATE_S3_ACCESS_KEY_ID": "someone", "GATE_S3_SECRET_ACCESS_KEY": "s3cret"}


def region(folder: Path, **environment: str) -> str:
    return load_settings(environment, project=folder).s3_region


def test_the_environment_wins_over_dotenv_and_dotenv_over_toml(tmp_path: Path):
    (tmp_path / TOML).write_text('s3_region = "toml"\nhome = "state"\n')
    from_toml = region(tmp_path)
    (tmp_path / DOTENV).write_text("GATE_S3_REGION=dotenv\n")
    from_dotenv = region(tmp_path)
    from_environment = region(tmp_path, GATE_S3_REGION="environment")

    assert (from_toml, from_dotenv, from_environment) == ("toml", "dotenv", "environment")
    assert load_settings({}, project=tmp_path).home == tmp_path / "state"


def test_an_empty_value_is_the_default_also_over_a_file(tmp_path: Path):
    (tmp_path / DOTENV).write_text("GATE_S3_REGION=dotenv\nGATE_S3_EMBEDDED=1\n")

    settings = load_settings({"GATE_S3_REGION": "", "GATE_S3_EMBEDDED": ""}, project=tmp_path)

    assert (settings.s3_region, settings.s3_embedded) == ("", False)


def test_no_file_is_read_for_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / DOTENV).write_text("GATE_S3_REGION=dotenv\n")
    monkeypatch.chdir(tmp_path)

    assert load_settings({}).s3_region == ""


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("GATE_S3_REGION=eu", "eu"),
        ("  export GATE_S3_REGION = eu  # a comment", "eu"),
        ("GATE_S3_REGION=eu#1", "eu#1"),
        ("GATE_S3_REGION='a # b'", "a # b"),
        ('GATE_S3_REGION="a # b"  # a comment', "a # b"),
        ("GATE_S3_REGION='${LITERAL}'", "${LITERAL}"),
        ("GATE_S3_REGION=", ""),
        ("# GATE_S3_REGION=eu", ""),
        ("POSTGRES_PASSWORD=a", ""),
    ],
)
def test_a_line_of_dotenv_is_read_as_people_write_it(tmp_path: Path, line: str, value: str):
    (tmp_path / DOTENV).write_text(f"\n{line}\n")

    assert region(tmp_path) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\nGATE_S3_REGIO=s3cret", r"\.env, line 2: GATE_S3_REGIO: unknown setting; did you mean GATE_S3_REGION\?"),
        ("GATE_S3_REGION s3cret", r"\.env, line 1: is not an assignment: write NAME=value"),
        ("GATE_S3_REGION='s3cret", r"\.env, line 1: GATE_S3_REGION: close the quote"),
        ("GATE_S3_REGION=${s3cret}", r"\.env, line 1: GATE_S3_REGION: variables are not replaced here"),
        ("GATE_S3_REGION=a\nGATE_S3_REGION=s3cret", r"\.env, line 2: duplicate GATE_S3_REGION: remove one"),
        ("GATE_SCAN_TIMEOUT_S=s3cret", r"\.env, line 1: GATE_SCAN_TIMEOUT_S: .*number"),
        (
            "GATE_WAREHOUSE_URI=postgresql://ann:s3cret@db",
            "GATE_WAREHOUSE_URI: not a database URL: write postgresql://",
        ),
        ("GATE_WAREHOUSE_URI=mysql://ann:s3cret@db/gate", "'db/gate' is neither a folder nor an S3 location"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_by_its_number_and_not_quoted(tmp_path: Path, text: str, why: str):
    (tmp_path / DOTENV).write_text(text)

    with pytest.raises(InvalidSetting, match=why) as refused:
        region(tmp_path)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('s3_regoin = "eu"', "toml: s3_regoin: unknown setting; did you mean s3_region?"),
        ('GATE_S3_REGION = "eu"', "toml: GATE_S3_REGION: unknown setting"),
        ("s3_region =", "toml: is not TOML: Invalid value (at end of document)"),
        ('[s3_region]\nname = "eu"', "toml: s3_region: is a table or a list: write one line, s3_region = <value>"),
        ('slack_token = "s3cret"', "toml: slack_token: secrets do not belong in this file"),
        ('smtp_url = "smtp://ann:s3cret@mail"', "toml: smtp_url: secrets do not belong in this file"),
        ('ledger_url = "postgresql://ann:s3cret@db/gate"', "set GATE_LEDGER_URL in the environment or in .env"),
        ('warehouse_uri = "postgresql://ann:s3cret@db/gate"', "set GATE_WAREHOUSE_URI in the environment or in .env"),
        ('warehouse_uri = "postgresql://ann@db"', "not a database URL: write postgresql://user@host:5432/db"),
        ('warehouse_uri = "mysql://ann@db/gate"', "'db/gate' is neither a folder nor an S3 location"),
        ('warehouse_schema = "Published"', "'Published' is not a schema: write up to 50 of a-z, 0-9 and _"),
        ("scan_timeout_s = -1", "toml: scan_timeout_s: Input should be greater than 0"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_by_its_name_and_not_quoted(tmp_path: Path, text: str, why: str):
    (tmp_path / TOML).write_text(text)

    with pytest.raises(InvalidSetting) as refused:
        region(tmp_path)

    assert why in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_toml_has_numbers_and_flags(tmp_path: Path):
    (tmp_path / TOML).write_text('s3_embedded = true\nscan_timeout_s = 7.5\nledger_url = "postgresql://ann@db/gate"\n')

    settings = load_settings({}, project=tmp_path)

    assert (settings.s3_embedded, settings.scan_timeout_s) == (True, 7.5)
    assert settings.ledger_url == "postgresql://ann@db/gate"


def test_every_unknown_variable_is_named_with_the_nearest_setting():
    with pytest.raises(InvalidSetting) as refused:
        load_settings({"GATE_HOMEE": "x", "GATE_SLACK_CONNECTION": "slack", "GATE_XYZ": "x"})

    assert str(refused.value).splitlines() == [
        "GATE_HOMEE: unknown setting; did you mean GATE_HOME?",
        "GATE_SLACK_CONNECTION: unknown setting; did you mean GATE_SLACK_CONN_ID?",
        "GATE_XYZ: unknown setting; the README lists all settings",
    ]


def test_what_aws_s_own_variables_say_holds_unless_a_setting_says_otherwise():
    aws = {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://s3", "AWS_DEFAULT_REGION": "eu"}

    theirs = load_settings(aws)
    ours = load_settings({**aws, "GATE_S3_ENDPOINT_URL": "http://ours", "GATE_S3_REGION": "us"})

    assert (theirs.s3_endpoint_url, theirs.s3_region) == ("http://s3", "eu")
    assert (ours.s3_endpoint_url, ours.s3_region) == ("http://ours", "us")


def test_the_embedded_server_has_no_other_address():
    assert load_settings({"AWS_ENDPOINT_URL": "http://all", "GATE_S3_EMBEDDED": "1"}).s3_endpoint_url == ""


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"AWS_CA_BUNDLE": "/nowhere"}, "AWS_CA_BUNDLE: '/nowhere' is not a file"),
        ({"GATE_S3_CA_BUNDLE": "/nowhere"}, "GATE_S3_CA_BUNDLE: '/nowhere' is not a file"),
        (
            {"GATE_S3_EMBEDDED": "1", "GATE_S3_ENDPOINT_URL": "http://a"},
            "GATE_S3_ENDPOINT_URL: GATE_S3_EMBEDDED is set",
        ),
        ({"GATE_S3_ACCESS_KEY_ID": "a"}, "GATE_S3_SECRET_ACCESS_KEY: .* belong together"),
        ({"GATE_S3_SECRET_ACCESS_KEY": "s3cret"}, "GATE_S3_SECRET_ACCESS_KEY: .* belong together"),
        ({"GATE_S3_SESSION_TOKEN": "s3cret"}, "GATE_S3_SESSION_TOKEN: belongs to an access key"),
        ({"GATE_S3_ROLE_ARN": "gate"}, "GATE_S3_ROLE_ARN: 'gate' is not the ARN of a role: write arn:aws:iam::"),
        ({"GATE_S3_ADDRESSING": "host"}, "GATE_S3_ADDRESSING: Input should be 'auto', 'path' or 'virtual'"),
        ({**KEY, "GATE_S3_CONN_ID": "lake"}, "GATE_S3_ACCESS_KEY_ID: GATE_S3_CONN_ID is set as well: keep one"),
        (
            {"GATE_LEDGER_URL": "sqlite:///a", "GATE_LEDGER_CONN_ID": "db"},
            "GATE_LEDGER_CONN_ID: GATE_LEDGER_URL is set",
        ),
    ],
)
def test_settings_of_storage_that_cannot_work_are_refused_with_the_next_step(settings: dict[str, str], why: str):
    with pytest.raises(InvalidSetting, match=why) as refused:
        load_settings(settings)

    assert "s3cret" not in str(refused.value)
