"""Prepares what the services share, and ends: databases, their schemas, buckets and the administrator.

The service `init` of docker-compose.yaml. Every step may be repeated, so it runs at each start and after each upgrade.
"""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace
from pathlib import Path

import psycopg
from psycopg import sql
from s3fs import S3FileSystem
from sqlalchemy import make_url

from partition_gate.settings import load_settings
from partition_gate.wiring import open_ports

BUCKETS = ("landing", "warehouse", "quarantine", "docs")
ADMIN_PASSWORD = Path("/run/secrets/airflow_admin_password")


def main() -> None:
    step("the ledger's database")
    create_ledger_database()
    step("Airflow's schema")
    subprocess.run(["airflow", "db", "migrate"], check=True)
    step("the administrator of Airflow")
    create_administrator("admin", ADMIN_PASSWORD.read_text().strip())
    step(f"the buckets {', '.join(BUCKETS)}")
    create_buckets()
    step("the ledger's schema")
    with open_ports(load_settings()) as ports:
        _ = ports.ledger
    step("done")


def step(name: str) -> None:
    print(f"init: {name}", flush=True)


def create_ledger_database() -> None:
    url = make_url(os.environ["GATE_LEDGER_URL"])
    server = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [url.database]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(url.database or "")))


def create_administrator(name: str, password: str) -> None:
    """Create the user, or give it this password. In this process, because arguments of others can be seen."""
    from airflow.providers.fab.auth_manager.cli_commands.user_command import users_create  # noqa: PLC0415 -- after the migration
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder  # noqa: PLC0415

    with get_application_builder() as builder:
        manager = builder.sm
        user = manager.find_user(username=name)
        if user is not None:
            manager.reset_password(user.id, password)
            return
    users_create(
        Namespace(
            username=name,
            email=f"{name}@localhost.invalid",
            firstname="Gate",
            lastname="Administrator",
            role="Admin",
            password=password,
            use_random_password=False,
        )
    )


def create_buckets() -> None:
    settings = load_settings()
    store = S3FileSystem(
        key=settings.s3_access_key_id,
        secret=settings.s3_secret_access_key.get_secret_value(),
        endpoint_url=settings.s3_endpoint_url,
    )
    for name in BUCKETS:
        if not store.exists(name):
            store.mkdir(name)


if __name__ == "__main__":
    main()
