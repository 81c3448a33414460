"""Attempts by age, how far removal by age has come, and the quarantine folders that it removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_marks",
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
    )
    op.create_table(
        "removed_quarantine",
        sa.Column("attempt_id", sa.String(), sa.ForeignKey("settlements.attempt_id"), primary_key=True),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("settlements_age", "settlements", ["settled_at", "attempt_id"])
    in_quarantine = sa.text("quarantine_uri IS NOT NULL")
    op.create_index(
        "settlements_in_quarantine",
        "settlements",
        ["settled_at", "attempt_id"],
        postgresql_where=in_quarantine,
        sqlite_where=in_quarantine,
    )


def downgrade() -> None:
    op.drop_index("settlements_in_quarantine", "settlements")
    op.drop_index("settlements_age", "settlements")
    op.drop_table("removed_quarantine")
    op.drop_table("retention_marks")
