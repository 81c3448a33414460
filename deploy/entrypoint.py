"""Puts the secrets of /run/secrets into the environment, then becomes the command. The entrypoint of the image.

Secrets are files, so that neither the compose file nor `docker inspect` shows any. Without /run/secrets (such as in
Kubernetes, where the environment comes from the platform) the environment stays as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

SECRETS = Path("/run/secrets")
DATABASE = "airflow:{postgres_password}@postgres"
# Variable -> what it is made from; every {name} is a file below /run/secrets.
VARIABLES = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{DATABASE}/airflow",
    "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{DATABASE}/airflow",
    "AIRFLOW__CELERY__BROKER_URL": "redis://:{redis_password}@redis:6379/0",
    "AIRFLOW__CORE__FERNET_KEY": "{airflow_fernet_key}",
    "AIRFLOW__API_AUTH__JWT_SECRET": "{airflow_jwt_secret}",
    "AIRFLOW__API__SECRET_KEY": "{airflow_jwt_secret}",
    "GATE_LEDGER_URL": f"postgresql+psycopg://{DATABASE}/gate",
    "GATE_S3_ACCESS_KEY_ID": "{s3_access_key_id}",
    "GATE_S3_SECRET_ACCESS_KEY": "{s3_secret_access_key}",
    "GATE_MASK_KEY": "{mask_key}",
    "GATE_SLACK_TOKEN": "{slack_token}",
    "AWS_ACCESS_KEY_ID": "{s3_access_key_id}",  # of the object store itself
    "AWS_SECRET_ACCESS_KEY": "{s3_secret_access_key}",
}


def environment(given: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """The environment with each variable whose secrets are all there; what is given already stays."""
    made = {}
    for name, template in VARIABLES.items():
        is_url = "://" in template
        shown = {secret: quote(value, safe="") if is_url else value for secret, value in secrets.items()}
        try:
            made[name] = template.format_map(shown)
        except KeyError:
            continue
    return {**made, **given}


def secrets_in(folder: Path) -> dict[str, str]:
    """The secrets of a folder, by the names of their files, without the line ends of editors."""
    return {file.name: file.read_text().strip() for file in folder.iterdir()} if folder.is_dir() else {}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit("the image needs a command, such as `gate --help`")
    os.execvpe(sys.argv[1], sys.argv[1:], environment(os.environ, secrets_in(SECRETS)))  # noqa: S606 -- no shell
