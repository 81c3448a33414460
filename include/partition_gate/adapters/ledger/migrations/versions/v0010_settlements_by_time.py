"""The settlements of a partition, and those of a month, are found without reading the others."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("settlements_partition", "settlements", ["dataset", "partition_key"])
    op.create_index("settlements_settled", "settlements", ["dataset", "settled_at"])


def downgrade() -> None:
    op.drop_index("settlements_settled", "settlements")
    op.drop_index("settlements_partition", "settlements")
