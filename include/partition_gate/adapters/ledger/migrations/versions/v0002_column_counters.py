"""The counters of each column in a validation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    _create_column_counters()


def downgrade() -> None:
    for table in ("column_counters", "profiles"):
        op.drop_table(table)


def _create_column_counters() -> None:
    op.create_table(
        "column_counters",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("null_count", sa.BigInteger(), nullable=False),
        sa.Column("invalid_count", sa.BigInteger(), nullable=True),
        sa.Column("minimum_kind", sa.String(), nullable=True),
        sa.Column("minimum", sa.Text(), nullable=True),
        sa.Column("maximum_kind", sa.String(), nullable=True),
        sa.Column("maximum", sa.Text(), nullable=True),
        sa.Column("total_kind", sa.String(), nullable=True),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("distinct_hashing", sa.String(), nullable=True),
        sa.Column("distinct_registers", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["profiles.attempt_id"]),
        sa.PrimaryKeyConstraint("attempt_id", "position"),
    )
