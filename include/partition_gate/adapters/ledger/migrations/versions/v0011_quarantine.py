"""Replays and discards of quarantined rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("settlements", sa.Column("rows_discarded", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "replays",
        sa.Column("attempt_id", sa.String(), sa.ForeignKey("attempts.id"), primary_key=True),
        *_partition_and_person(),
        sa.Column("of_attempt", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("landed_key", sa.String(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("is_replaced", sa.Boolean(), nullable=False),
        sa.Column("is_rollback", sa.Boolean(), nullable=False),
        *(sa.Column(f"rows_{what}", sa.BigInteger(), nullable=False) for what in _COUNTED),
        sa.Column("hash_change", sa.String(), nullable=False),
    )
    op.create_table(
        "discards",
        sa.Column("attempt_id", sa.String(), sa.ForeignKey("settlements.attempt_id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        *_partition_and_person(),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("positions", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("discards")
    op.drop_table("replays")
    op.drop_column("settlements", "rows_discarded")


_COUNTED = ("published", "taken", "given", "kept")


def _partition_and_person() -> tuple[sa.Column[Any], ...]:
    return (
        *(sa.Column(name, sa.String(), nullable=False) for name in ("dataset", "partition_key", "who")),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
