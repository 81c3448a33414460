"""When incidents opened, when people were told of them, and why a message could not be delivered."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
# The first message of the thread that shows the incident: its root, or an edit after the incident was opened.
_TOLD_BY = """
UPDATE thread_incidents SET told_by = (
    SELECT outbox.id
    FROM outbox JOIN incidents ON incidents.id = thread_incidents.incident_id
    WHERE (outbox.id = thread_incidents.thread_id OR (outbox.root = thread_incidents.thread_id AND outbox.is_edit))
        AND outbox.created_at >= incidents.opened_at
    ORDER BY outbox.number
    LIMIT 1
)
"""


def upgrade() -> None:
    op.add_column("incidents", sa.Column("opened_at", _MOMENT))
    op.create_index("incidents_opened", "incidents", ["dataset", "opened_at"])
    op.add_column("thread_incidents", sa.Column("told_by", sa.String()))
    op.add_column("outbox", sa.Column("sent_at", _MOMENT))
    op.add_column("outbox", sa.Column("last_error", sa.Text()))
    _fill_opened_at()
    _fill_sent_at()
    op.execute(_TOLD_BY)


def downgrade() -> None:
    op.drop_column("outbox", "last_error")
    op.drop_column("outbox", "sent_at")
    op.drop_column("thread_incidents", "told_by")
    op.drop_index("incidents_opened", "incidents")
    op.drop_column("incidents", "opened_at")


def _fill_opened_at() -> None:
    incidents = sa.table("incidents", sa.column("id"), sa.column("document"), sa.column("opened_at", _MOMENT))
    connection = op.get_bind()
    for number, document in connection.execute(sa.select(incidents.c.id, incidents.c.document)).all():
        opened_at = _stored(datetime.fromisoformat(json.loads(document)["opened_at"]))
        own = incidents.c.id == number
        connection.execute(sa.update(incidents).where(own).values(opened_at=opened_at))


def _fill_sent_at() -> None:
    """The timestamps of all tools are seconds since 1970; of another text nothing is known but the first try."""
    outbox = sa.table(
        "outbox",
        *(sa.column(name) for name in ("number", "state", "sent_ts")),
        *(sa.column(name, _MOMENT) for name in ("first_try_at", "sent_at")),
    )
    connection = op.get_bind()
    sent = sa.select(outbox.c.number, outbox.c.sent_ts, outbox.c.first_try_at).where(outbox.c.state == "sent")
    for number, text, first_try_at in connection.execute(sent).all():
        sent_at = _moment(text) or first_try_at
        own = outbox.c.number == number
        connection.execute(sa.update(outbox).where(own).values(sent_at=sent_at))


def _moment(text: str | None) -> datetime | None:
    try:
        return _stored(datetime.fromtimestamp(float(text or ""), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _stored(moment: datetime) -> datetime:
    """As the ledger stores it: SQLite keeps no time zone."""
    in_utc = moment.astimezone(UTC)
    return in_utc.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else in_utc
