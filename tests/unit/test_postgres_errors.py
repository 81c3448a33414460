"""What goes wrong in PostgreSQL is told by who must act, without what the server says, which may hold values."""

from __future__ import annotations

import pytest
from psycopg import errors

from partition_gate.adapters.warehouse_postgres.database import Database, translated
from partition_gate.core.errors import (
    AccessDenied,
    ContractError,
    GateError,
    NoSpace,
    OperatorError,
    StoreUnreachable,
    TableUnreadable,
    ViewsBusy,
)

SHOWN = "postgresql://db/shop"


@pytest.mark.parametrize(
    ("error", "kind", "why"),
    [
        (errors.DiskFull, NoSpace, "its disk is full"),
        (errors.TooManyConnections, StoreUnreachable, "out of resources"),
        (errors.InvalidPassword, AccessDenied, "rejects our user or password; correct GATE_WAREHOUSE_URI"),
        (errors.InvalidCatalogName, OperatorError, "the database does not exist; create it"),
        (errors.InsufficientPrivilege, AccessDenied, "our user lacks privileges"),
        (errors.ReadOnlySqlTransaction, AccessDenied, "it is read-only; use the primary server"),
        (errors.LockNotAvailable, ViewsBusy, "another transaction holds a lock"),
        (errors.QueryCanceled, StoreUnreachable, "took longer than 7 s"),
        (errors.DeadlockDetected, StoreUnreachable, "another transaction was faster; run it again"),
        (errors.UndefinedTable, TableUnreadable, "a table of the warehouse is gone"),
        (errors.DependentObjectsStillExist, OperatorError, "views of others depend on the consumers' view"),
        (errors.NumericValueOutOfRange, ContractError, r"a column holds a value .*\(SQLSTATE 22003\)"),
        (errors.TooManyColumns, ContractError, "publish fewer columns"),
        (errors.AdminShutdown, StoreUnreachable, "the server says SQLSTATE 57P01"),
        (errors.OperationalError, StoreUnreachable, "no answer within 7 s, or the connection broke"),
    ],
)
def test_an_error_is_told_by_who_must_act(error: type[Exception], kind: type[GateError], why: str):
    told = translated(SHOWN, error("s3cret"), limit_s=7)

    with pytest.raises(kind, match=why):
        raise told
    assert type(told) is kind
    assert "s3cret" not in str(told)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@db:5433/shop?sslmode=require", "postgresql://db:5433/shop"),
        ("postgresql+psycopg:///shop", "postgresql://localhost/shop"),
    ],
)
def test_an_address_is_shown_without_user_password_and_options(url: str, shown: str):
    assert Database(url, call_s=1, rows_s=1).shown == shown
