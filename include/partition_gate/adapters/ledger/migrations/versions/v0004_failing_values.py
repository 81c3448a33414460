"""The most frequent values that break a rule, masked where needed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("check_results", sa.Column("failing_values", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("check_results", "failing_values")
