"""The log of a command as JSON: one object a line, on the standard error (docs/operations/observability.md)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from partition_gate.core.display import displayed
from partition_gate.gate.run_context import FIELDS, fields

_LONGEST_MESSAGE = 4000


class JsonFormatter(logging.Formatter):
    """Each line has the same keys; those of the run are null while they are not known.

    The message is written with the characters of control escaped, like everything from files that people see.
    """

    def format(self, record: logging.LogRecord) -> str:
        known = fields()
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: known.get(name) for name in FIELDS},
            "message": displayed(record.getMessage(), limit=_LONGEST_MESSAGE),
        }
        if record.exc_info and record.exc_info[0]:
            # Only the type: the text and the frames of a traceback may hold values of rows.
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def log_as_json(package: str, *, quiet: bool, verbose: int) -> None:
    """Write the log of a package as JSON: from INFO on, with `verbose` > 1 from DEBUG, with `quiet` errors only."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger(package)
    log.addHandler(handler)
    log.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO)
    log.propagate = False
