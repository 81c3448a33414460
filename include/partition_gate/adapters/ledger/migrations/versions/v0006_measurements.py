"""Measurements of promises over time. Attempts that were judged before keep their results, without figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FROM_RESULTS = """
INSERT INTO measurements (attempt_id, rule_id, state, sentence)
SELECT
    attempt_id,
    rule_id,
    CASE WHEN outcome = 'passed' THEN 'kept' WHEN outcome IN ('failed', 'warned') THEN 'broken' ELSE 'not_judged' END,
    coalesce(observed, '')
FROM check_results
WHERE scope = 'sla'
"""


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"]),
        sa.PrimaryKeyConstraint("attempt_id", "rule_id"),
    )
    op.create_index("forgotten_by_partition", "forgotten", ["dataset", "partition_key"])
    op.execute(_FROM_RESULTS)


def downgrade() -> None:
    op.drop_index("forgotten_by_partition", "forgotten")
    op.drop_table("measurements")
