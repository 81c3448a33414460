"""Changes after which a guide leaves people alone: a command that is gone, an outcome without an answer."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

GUIDES = "tests/unit/test_guides.py"

GUIDING = (
    Mutation("a message counts 1 rows", "core/display.py",
             """return f"{count:,} {noun}{'' if count == 1 else 's'}\"""", """return f"{count:,} {noun}s\"""",
             "tests/unit/test_display.py"),
    Mutation("a new message counts without a comparison", "gate/reconcile.py",
             """f"{uri} holds {counted(stored, 'row')},""", """f"{uri} holds {stored:,} rows,""",
             "tests/unit/test_plurals.py", "reconcile"),
    Mutation("a page names an option that is gone", "apps/cli/operations.py", '"--older-than"', '"--age"', GUIDES),
    Mutation("a page names a command that is gone", "apps/cli/operations.py", "    app.command()(sweep)\n", "", GUIDES),
    Mutation("nobody knows what to do about a new kind of problem", "incidents/model.py",
             '    ANOMALY = "anomaly"\n', '    ANOMALY = "anomaly"\n    SCHEMA = "schema"\n', GUIDES),
    Mutation("nobody knows what to do about a new outcome", "judging/disposition.py",
             '    ERRORED = "errored"\n', '    ERRORED = "errored"\n    DELAYED = "delayed"\n', GUIDES),
)  # fmt: skip
