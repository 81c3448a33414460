"""Names of contracts and datasets, and valid versions: each becomes a file, a folder, a view, a DAG id."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

LONGEST_NAME = 100
DAG_PREFIX = "gate__"
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def qualified_name(contract: str, dataset: str, *, is_only: bool) -> str:
    """How commands name a dataset: `orders`, or `shop/orders` if it is not the only object of its contract."""
    return contract if is_only else f"{contract}/{dataset}"


def dag_id(qualified: str) -> str:
    """The id of a dataset's DAG: `gate__orders`, or `gate__shop__orders`."""
    return DAG_PREFIX + qualified.replace("/", "__")


def name_problem(name: str) -> str | None:
    """Why a text cannot be the name of a contract or a dataset, and what to write; None if it can."""
    if len(name) > LONGEST_NAME:
        return f"has {len(name):,} characters; write at most {LONGEST_NAME}"
    if not _FORM.fullmatch(name):
        return "is not a valid name; use letters A-Z, digits, and (not first) _ . -"
    return None


def safe_name(text: str) -> str:
    """The text as a name of files, folders and DAGs: `urn-shop-orders` for `urn:shop:orders`.

    A valid name does not change, and neither does a text without any letter or digit, which cannot be a name.
    """
    return (_NOT_IN_NAMES.sub("-", text).lstrip("_.-").rstrip("-") or text) if name_problem(text) else text


def version_problem(version: str) -> str | None:
    """Why a text cannot be a version, which names a folder; None if it can."""
    return None if version.strip(". ") else "is not a valid version; write three numbers such as 1.4.0"


def _name(text: str) -> str:
    if problem := name_problem(text):
        raise ValueError(problem)
    return text


def _version(text: str) -> str:
    if problem := version_problem(text):
        raise ValueError(problem)
    return text


Name = Annotated[str, AfterValidator(_name)]
Version = Annotated[str, AfterValidator(_version)]
