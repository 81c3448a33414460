"""The policy in the documentation is enough for every step, and a missing right is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.aws_services import ROLE, S3WithRoles, s3_with_roles
from tests.integration.test_gate_run import KEY, Desk
from tests.integration.test_s3_credentials import landed_on, on_s3, our_key

PAGE = Path("docs/reference/credentials.md")


def documented_policy() -> dict[str, Any]:
    text = PAGE.read_text().split("<!-- policy -->\n```json\n")[1].split("```")[0]
    policy: dict[str, Any] = json.loads(text)
    return policy


def without(policy: dict[str, Any], sid: str, action: str) -> dict[str, Any]:
    """The policy without one action of one statement."""
    statements = [
        {**each, "Action": [name for name in each["Action"] if each["Sid"] != sid or name != action]}
        for each in policy["Statement"]
    ]
    return {**policy, "Statement": [each for each in statements if each["Action"]]}


def desk_on(aws: S3WithRoles, folder: Path) -> Desk:
    """Landing, warehouse and quarantine where the documented policy has them; we are the role."""
    desk = landed_on(aws, folder)
    desk.environment = {
        **on_s3(aws, folder),
        **our_key(aws),
        "GATE_WAREHOUSE_URI": "s3://warehouse/tables",
        "GATE_QUARANTINE_URI": "s3://warehouse/quarantine",
        "GATE_S3_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_STS": aws.url,
    }
    return desk


@pytest.fixture
def least(tmp_path: Path) -> Iterator[Desk]:
    with s3_with_roles(tmp_path / "aws", policy=documented_policy()) as aws:
        yield desk_on(aws, tmp_path)


def test_the_documented_rights_are_enough_for_every_step(least: Desk) -> None:
    _, document = least.run()
    assert (document["outcome"], document["rows_quarantined"]) == ("published_with_quarantine", 1), document["why"]

    for arguments in (("quarantine", "show", str(least.contract), KEY), ("reconcile",), ("sweep",)):
        done = least.gate(*arguments)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("sid", "action", "place"),
    [
        ("List", "s3:ListBucket", "s3://landing"),
        ("ReadLanding", "s3:GetObject", "s3://landing"),
        ("KeepTablesAndQuarantine", "s3:GetObject", "s3://warehouse/tables"),
        ("KeepTablesAndQuarantine", "s3:PutObject", "s3://warehouse/"),
    ],
)
def test_a_missing_right_is_named_with_the_place_and_the_page(
    tmp_path: Path, sid: str, action: str, place: str
) -> None:
    with s3_with_roles(tmp_path / "aws", policy=without(documented_policy(), sid, action)) as aws:
        _, document = desk_on(aws, tmp_path).run()

    assert document["outcome"] == "errored"
    (why,) = document["why"]
    assert why.startswith(place)
    assert action in why
    assert str(PAGE) in why
