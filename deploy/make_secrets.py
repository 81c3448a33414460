"""Writes the secrets that docker-compose.yaml needs into the folder secrets/; what is there already stays.

Needs nothing but Python. The folder is closed to other users; its files can be read inside the containers, whose user
is another one.
"""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "secrets"
MADE: dict[str, Callable[[], str]] = {
    "postgres_password": lambda: secrets.token_hex(24),
    "redis_password": lambda: secrets.token_hex(24),
    "airflow_fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "airflow_jwt_secret": lambda: secrets.token_hex(64),
    "airflow_admin_password": lambda: secrets.token_urlsafe(18),
    "s3_access_key_id": lambda: secrets.token_hex(10).upper(),
    "s3_secret_access_key": lambda: secrets.token_urlsafe(32),
    "mask_key": lambda: secrets.token_hex(32),
    "slack_token": lambda: "",  # empty: messages are pages in Airflow
}


def write(folder: Path) -> list[str]:
    """Write what is missing; the names of the secrets that were made."""
    folder.mkdir(mode=0o700, exist_ok=True)
    missing = [name for name in MADE if not (folder / name).exists()]
    for name in missing:
        file = folder / name
        file.write_text(MADE[name]())
        file.chmod(0o444)
    return missing


if __name__ == "__main__":
    made = write(FOLDER)
    print(f"{FOLDER}: made {', '.join(made)}" if made else f"{FOLDER}: every secret is there already")
    print(f"Log in to Airflow as admin with the password in {FOLDER / 'airflow_admin_password'}", file=sys.stderr)
