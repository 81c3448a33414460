"""Links that a page is given by what runs it."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """A page elsewhere, such as a run in Airflow."""

    text: str
    address: str
