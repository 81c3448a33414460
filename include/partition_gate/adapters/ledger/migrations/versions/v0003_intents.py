"""Intents and owners of attempts, and outcomes that a person removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("owner", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "intents",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    _create_forgotten()


def downgrade() -> None:
    op.drop_table("forgotten")
    op.drop_table("intents")
    op.drop_column("attempts", "owner")


def _create_forgotten() -> None:
    op.create_table(
        "forgotten",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("partition_key", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
