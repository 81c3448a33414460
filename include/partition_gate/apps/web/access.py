"""Who visits the console, what they may do, what Airflow knows of it, and that it is they who ask for it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Set
from typing import Protocol
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from partition_gate.core.errors import CannotAct
from partition_gate.presentation.links import Link


class Access(Protocol):
    """The visitors of one installation, and its Airflow, if there is one.

    An empty `dag` stands for what belongs to no dataset: all DAGs.
    """

    @property
    def starts_runs(self) -> bool:
        """Whether a partition can be run again from here."""

    def visitor(self, request: Request) -> str:
        """The name under which an action is recorded."""

    def readable_dags(self, request: Request) -> Set[str] | None:
        """The DAGs whose datasets the visitor may read; None: all, and what belongs to no dataset."""

    def may_act(self, request: Request, dag: str) -> bool:
        """Whether the visitor may acknowledge, mute and resolve incidents of this DAG's dataset, start its runs, and
        see its quarantined rows.
        """

    def start_run(self, request: Request, dag: str, key: str, params: Mapping[str, str]) -> str:
        """Start a run of a partition with these parameters of its DAG; the address of its page. Raises: CannotAct."""

    def last_run(self, dag: str, key: str) -> Link | None:
        """The newest run of a partition."""

    def consumers(self, dataset: str) -> tuple[Link, ...]:
        """The DAGs that run for each published partition of a dataset."""


class LocalAccess:
    """`gate console`: the person who started it may do everything that its commands can do."""

    starts_runs = False

    def visitor(self, request: Request) -> str:  # noqa: ARG002 -- the protocol's
        return getpass.getuser()

    def readable_dags(self, request: Request) -> Set[str] | None:  # noqa: ARG002 -- as above
        return None

    def may_act(self, request: Request, dag: str) -> bool:  # noqa: ARG002 -- as above
        return True

    def start_run(self, request: Request, dag: str, key: str, params: Mapping[str, str]) -> str:  # noqa: ARG002 -- as above
        raise CannotAct("there is no Airflow here that could start a run; use `gate run`")

    def last_run(self, dag: str, key: str) -> Link | None:  # noqa: ARG002 -- as above
        return None

    def consumers(self, dataset: str) -> tuple[Link, ...]:  # noqa: ARG002 -- as above
        return ()


def refuse_other_sites(request: Request) -> None:
    """Refuse a request that a page of another site makes a visitor's browser send.

    Browsers say where a request comes from, and no page can change that (W3C, Fetch Metadata Request Headers; OWASP,
    Cross-Site Request Forgery Prevention). Older browsers send an origin at least.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("x-forwarded-host") or request.headers.get("host")
    is_own = site == "same-origin" if site is not None else origin is not None and urlsplit(origin).netloc == host
    if not is_own:
        raise HTTPException(403, "This request did not come from a page of the console.")
