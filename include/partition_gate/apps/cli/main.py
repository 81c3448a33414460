"""The command `gate`. Exit codes: 0 passed, 1 failed checks or lint, 2 usage error, 3 could not judge."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NoReturn

import typer
import typer.main

from partition_gate import __version__
from partition_gate.apps.cli import (
    anomalies,
    baselines,
    compare,
    console,
    contracts,
    demo_commands,
    doctor,
    drafts,
    evolution,
    export,
    history,
    incidents,
    lineage,
    monitoring,
    new,
    notify,
    operations,
    partitions,
    profiles,
    promotion,
    quarantine,
    read,
    registry,
    schemas,
    service_levels,
    status,
    versions,
    watch,
)
from partition_gate.apps.cli.progress import PACKAGE, log_as_json, set_verbosity, shown_while_working
from partition_gate.apps.cli.signals import end_on_signals
from partition_gate.core.display import escaped
from partition_gate.core.errors import (
    CannotAct,
    CannotForget,
    ContractError,
    GateError,
    MalformedPartitionKey,
    NothingDue,
    StaleSuite,
    UnknownContract,
)
from partition_gate.gate.local_folders import no_space
from partition_gate.settings import LogFormat, load_settings

FAILED, USAGE, COULD_NOT_JUDGE = 1, 2, 3
_LINES = "\n"
# Packages that only some commands import, by their import names -> the extra of pyproject.toml that installs them.
EXTRAS = {
    **dict.fromkeys(("alembic", "deltalake", "fastapi", "fsspec", "great_expectations", "jinja2", "markupsafe"), "run"),
    **dict.fromkeys(("numpy", "obstore", "packaging", "pandas", "psutil", "pyarrow", "slack_sdk", "sqlalchemy"), "run"),
    **dict.fromkeys(("starlette", "uvicorn"), "run"),
    **dict.fromkeys(("botocore", "s3fs"), "s3"),
    **dict.fromkeys(("psycopg",), "postgres"),
    **dict.fromkeys(("airflow", "pendulum"), "airflow"),
    **dict.fromkeys(("opentelemetry", "prometheus_client"), "otel"),
}
# They run until they are stopped, or have a progress of their own.
_WITHOUT_PROGRESS = {"console", "demo", "watch"}

app = typer.Typer(
    name="gate",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
new.register(app)
contracts.register(app)
drafts.register(app)
evolution.register(app)
versions.register(app)
export.register(app)
schemas.register(app)
registry.register(app)
partitions.register(app)
quarantine.register(app)
history.register(app)
read.register(app)
lineage.register(app)
status.register(app)
profiles.register(app)
service_levels.register(app)
operations.register(app)
doctor.register(app)
incidents.register(app)
notify.register(app)
watch.register(app)
anomalies.register(app)
promotion.register(app)
baselines.register(app)
compare.register(app)
console.register(app)
monitoring.register(app)
demo_commands.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gate {__version__}")
        raise typer.Exit


@app.callback()
def gate(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 -- handled by its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Show the log; -vv: its details.")] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show errors only, and no progress.")] = False,
) -> None:
    """Partition Gate: judge Parquet partitions against data contracts."""
    if _is_log_json():
        log_as_json(PACKAGE, quiet=quiet, verbose=verbose)
        return
    set_verbosity(verbose=verbose, quiet=quiet)
    if not (verbose or quiet) and context.invoked_subcommand not in _WITHOUT_PROGRESS:
        working = shown_while_working(f"gate {context.invoked_subcommand}", error=sys.stderr)
        context.with_resource(working)


@cache
def command_line() -> Callable[[], Any]:
    """`app`, ready to be called. It has every command with its options, and building it is a large part of a short
    command, so a process that commands are forked from calls this first.
    """
    return typer.main.get_command(app)


def _is_log_json() -> bool:
    """Whether the settings ask for it; a command that needs settings says itself what is wrong with them."""
    try:
        return load_settings().log_format is LogFormat.JSON
    except GateError:
        return False


def main() -> None:
    """Run the command line. Every known error becomes one message and an exit code."""
    end_on_signals()
    try:
        command_line()()
    except GateError as error:
        typer.echo(f"gate: {escaped(str(error), but=_LINES)}", err=True)
        sys.exit(exit_code(error))
    except OSError as error:
        refused = no_space(error)
        if refused is None:
            _defect()
        typer.echo(f"gate: {refused}", err=True)
        sys.exit(COULD_NOT_JUDGE)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS:
            _defect()
        typer.echo(f"gate: {missing(name)}", err=True)
        sys.exit(COULD_NOT_JUDGE)
    except Exception:  # a bug; Python's default exit code 1 would mean that the data failed
        _defect()


def missing(package: str) -> str:
    """What to install for a command that needs this package of `EXTRAS`."""
    return f"this command needs {package}, which is not installed; run: pip install 'partition-gate[{EXTRAS[package]}]'"


def _defect() -> NoReturn:
    traceback.print_exc()
    typer.echo("gate: this is a bug in Partition Gate; report the lines above", err=True)
    sys.exit(COULD_NOT_JUDGE)


def exit_code(error: GateError) -> int:
    """The exit code says who must act: the caller (2), the author of the contract (1), the operator (3).

    A suite that was not compiled again is the operator's: nothing was judged, whatever the contract says.
    """
    if isinstance(error, UnknownContract | MalformedPartitionKey | NothingDue | CannotForget | CannotAct):
        return USAGE
    is_invalid = isinstance(error, ContractError) and not isinstance(error, StaleSuite)
    return FAILED if is_invalid else COULD_NOT_JUDGE
