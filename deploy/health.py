"""Whether a service works: exit code 0. `health.py COMPONENT`: what Airflow's API says of a component of its own;
`health.py URL`: whether anything answers there. The health checks of docker-compose.yaml.
"""

from __future__ import annotations

import json
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

AIRFLOW = "http://api-server:8080/api/v2/monitor/health"


def problem(asked: str) -> str:
    """What is wrong; empty if nothing is."""
    try:
        with urlopen(asked if "://" in asked else AIRFLOW, timeout=5) as answer:  # noqa: S310 -- compose's own addresses
            status = "" if "://" in asked else json.load(answer)[asked]["status"]
    except HTTPError as refused:  # it answers, and wants to know who asks
        return "" if refused.code < 500 else f"{asked}: {refused}"
    except (OSError, KeyError, ValueError) as error:
        return f"{asked}: {error}"
    return "" if status in ("", "healthy") else f"{asked}: {status}"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]) or 0)
