"""Changes to incidents: a problem that is told again and again, or one that nobody hears of."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

INCIDENTS = "tests/unit/test_incidents.py"
LEDGER = "tests/integration/test_ledger_behaviour.py"
SLACK = "tests/integration/test_slack.py"
PIPELINE = "tests/unit/test_pipeline.py"

LASTING = (
    Mutation("a known problem is told again every day", "incidents/changes.py",
             "return Change(incident=after, event=event, is_news=begins_to_block and not is_silent)",
             "return Change(incident=after, event=event, is_news=True)", INCIDENTS),
    Mutation("a problem that begins to block is not told", "incidents/changes.py",
             "is_news=begins_to_block and not is_silent", "is_news=False", INCIDENTS),
    Mutation("an acknowledged incident goes on talking", "incidents/changes.py",
             "is_silent = before.state is not IncidentState.OPEN", "is_silent = False", INCIDENTS),
    Mutation("a partition in order ends the incident of another that is not visible", "incidents/changes.py",
             "if after.blocked or not is_over:", "if not is_over:", INCIDENTS),
    Mutation("an older partition in order ends an incident", "incidents/changes.py",
             "is_newer = assessment.position >= before.last_position", "is_newer = True", INCIDENTS),
    Mutation("what was not examined counts as in order", "incidents/changes.py",
             " and cause in assessment.in_order", "", INCIDENTS),
    Mutation("a problem that comes back opens another incident", "incidents/changes.py",
             "now - before.resolved_at > REOPENED_WITHIN", "before.resolved_at", INCIDENTS),
    Mutation("a backfill pages", "incidents/threads.py",
             "and not assessment.is_quiet:", ":", INCIDENTS),
    Mutation("a bad day is a flood of messages", "incidents/threads.py",
             "if len(single) < STORM_AFTER:", "if len(single) >= 0:", INCIDENTS),
    Mutation("nobody is told that a problem is over", "alerts/thread_messages.py",
             "    EventKind.RESOLVED: _resolved,\n", "", INCIDENTS),
    Mutation("a problem that is over is told as if it began", "alerts/thread_messages.py",
             "return () if is_over else (_root(news),)", "return (_root(news),)", INCIDENTS),
    Mutation("a mute has no end", "incidents/actions.py",
             "incident.muted_until > now:", "incident.muted_until < now:", INCIDENTS),
    Mutation("a backfill of an old day is told like today's", "alerts/assessment.py",
             "is_quiet=is_backfill and", "is_quiet=False and", "tests/unit/test_alert.py"),
    Mutation("a known problem beside a new one is told again", "incidents/changes.py",
             "if opened and change.is_news and", "if not change.is_news and", INCIDENTS),
    Mutation("what everybody has known for weeks is in every digest", "incidents/threads.py",
             "(0 < days <= _MENTIONED_DAILY_DAYS or", "(days > 0 or", INCIDENTS),
    Mutation("a late day is told as rows that everybody knows", "incidents/threads.py",
             "if news <= contents.keys():", "if not news:", INCIDENTS),
    Mutation("a resolved thread goes on asking for work", "alerts/thread_messages.py",
             "steps = () if state is IncidentState.RESOLVED else", "steps = () if not state else", INCIDENTS),
    Mutation("consumers are told that a partition is safe which is not visible", "gate/settle.py",
             "if outcome.is_visible}", "}", PIPELINE),
)  # fmt: skip

DELIVERING = (
    Mutation("a thread is announced twice", "adapters/ledger/threads.py",
             "threads.c.announced == thread.announced)", "threads.c.announced <= thread.revision)",
             LEDGER, "on_sqlite"),
    Mutation("what happens during the announcement is lost", "adapters/ledger/threads.py",
             "is_behind=threads.c.revision > thread.revision", "is_behind=False", LEDGER, "on_sqlite"),
    Mutation("a reply overtakes its root", "adapters/ledger/outbox.py",
             "or_(other.c.id == outbox.c.root, and_(", "or_(other.c.id == outbox.c.id, and_(", LEDGER, "on_sqlite"),
    Mutation("digests of past days are edited for ever", "adapters/ledger/threads.py",
             ".where(about, ~ended)", ".where(about)", LEDGER, "on_sqlite"),
    Mutation("an edit that was replaced is sent", "adapters/ledger/outbox.py",
             "outbox.c.state == PENDING, outbox.c.tries == 0))", "outbox.c.state == SENT, outbox.c.tries == 0))",
             LEDGER, "on_sqlite"),
    Mutation("partitions judged at once open two incidents", "adapters/ledger/incidents.py",
             '    lock_partition(connection, dataset, "")', '    connection.info["dataset"] = dataset',
             LEDGER, "on_postgres"),
    Mutation("an edit is a new message", "adapters/slack.py",
             "if message.is_edit and root_ts:", "if message.is_edit and not root_ts:", SLACK),
    Mutation("a reply is looked for outside its thread", "adapters/slack.py",
             "self._client.conversations_replies if root_ts else", "self._client.conversations_history if root_ts else",
             "tests/integration/test_notifier_behaviour.py"),
    Mutation("a decision about other files publishes these", "adapters/ledger/settlements.py",
             "zip(decisions.primary_key, version, strict=True)",
             "zip(decisions.primary_key, version[:2], strict=False)",
             LEDGER, "on_sqlite"),
    Mutation("a rejected version is published", "gate/dispose.py",
             "if decided.is_approved:", "if decided:", PIPELINE),
)  # fmt: skip
