"""The page about licences is current, and no package forbids use in a company."""

from __future__ import annotations

from email.message import Message

import pytest
from deploy.licences import LOCK, PAGE, Package, licence, packages, page, problems


def test_the_page_is_current():
    assert PAGE.read_text() == page(packages(LOCK.read_text())), "run `make licences`"


def test_every_package_has_a_licence_that_a_company_can_accept():
    assert problems(packages(LOCK.read_text())) == []


@pytest.mark.parametrize(
    "stated",
    ["AGPL-3.0-only", "GNU Affero General Public License v3", "SSPL-1.0", "CC-BY-NC-4.0", "BUSL-1.1", "non-commercial"],
)
def test_a_licence_that_forbids_or_restricts_use_in_a_company_is_refused(stated: str):
    assert problems([Package("x", "1.0", stated)]) == [f"x 1.0: {stated}; use another package"]


def test_a_package_without_a_licence_is_refused():
    assert problems([Package("x", "1.0", "")]) == ["x 1.0 states no licence"]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("License-Expression", "MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("Classifier", "License :: OSI Approved :: BSD License", "BSD License"),
        ("Classifier", "License :: OSI Approved", ""),
        ("License", "MIT\n\nPermission is hereby granted", "MIT"),
        ("License", "UNKNOWN", ""),
    ],
)
def test_a_licence_is_read_from_each_field_of_the_metadata(field: str, value: str, shown: str):
    stated = Message()
    stated[field] = value

    assert licence(stated) == shown


def test_packages_of_other_platforms_are_left_out():
    lock = "rich==15.0.0 \\\n    --hash=sha256:1\ncolorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:2\n"

    assert [each.name for each in packages(lock)] == ["rich"]
