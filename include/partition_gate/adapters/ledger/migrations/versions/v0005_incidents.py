"""Incidents, the threads in which people are told about them, replies and edits in the outbox, and decisions."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("tool", sa.String(), nullable=False, server_default="slack"))
    op.add_column("outbox", sa.Column("root", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("is_edit", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("outbox_root", "outbox", ["root", "number"])
    _create_incidents()
    _create_threads()
    _create_decisions()
    _remove_messages_from_intents()


def downgrade() -> None:
    for table in ("decisions", "thread_incidents", "threads", "incident_events", "incidents"):
        op.drop_table(table)
    op.drop_index("outbox_root", "outbox")
    for column in ("is_edit", "root", "tool"):
        op.drop_column("outbox", column)


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_of_dataset", "incidents", ["dataset", "state", "resolved_at"])
    op.create_index("incidents_state", "incidents", ["state"])
    op.create_table(
        "incident_events",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("partition_key", "attempt_id", "who")),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("incident_events_of_incident", "incident_events", ["incident_id", "number"])


def _create_threads() -> None:
    op.create_table(
        "threads",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("id", "kind", "tool", "channel", "audience")),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("announced_event", sa.BigInteger(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("is_behind", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("threads_of_channel", "threads", ["tool", "channel", "audience", "opened_at"])
    op.create_index("threads_behind", "threads", ["is_behind"])
    op.create_table(
        "thread_incidents",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"]),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("thread_id", "incident_id"),
    )
    op.create_index("thread_incidents_of_incident", "thread_incidents", ["incident_id"])


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("dataset", "partition_key", "idempotency_key")),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "partition_key", "idempotency_key"),
    )


def _remove_messages_from_intents() -> None:
    """An attempt that was publishing during the upgrade is recorded without its old messages."""
    intents = sa.table("intents", sa.column("attempt_id"), sa.column("intent"))
    connection = op.get_bind()
    for attempt_id, text in connection.execute(sa.select(intents.c.attempt_id, intents.c.intent)).all():
        intent = json.loads(text)
        intent.pop("messages", None)
        own = intents.c.attempt_id == attempt_id
        connection.execute(sa.update(intents).where(own).values(intent=json.dumps(intent)))
