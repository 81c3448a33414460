"""Visible versions that were removed from their tables by age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_published",
        sa.Column("attempt_id", sa.String(), sa.ForeignKey("settlements.attempt_id"), primary_key=True),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("table_version", sa.BigInteger()),
    )
    op.create_index("ix_removed_published_dataset", "removed_published", ["dataset"])


def downgrade() -> None:
    op.drop_table("removed_published")
