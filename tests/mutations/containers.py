"""Changes to compose files and to their proof: a file that Compose refuses, a proof that proves nothing."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

FILES = "tests/unit/test_compose_file.py"
HELM = "tests/unit/test_helm_values.py"
PROOF = "tests/compose/test_compose.py"
_ROOT = "../.."

CONTAINED = (
    Mutation("a new project has a setting that Compose does not know", "apps/cli/project_templates/docker-compose.yaml",
             "  restart: unless-stopped\n\nservices:", "  restarts: always\n\nservices:", FILES),
    Mutation("the watch judges large partitions in little memory", f"{_ROOT}/docker-compose.yaml",
             '--every, 1m, --limit, "0"]', "--every, 1m]", FILES),
    Mutation("pods quarantine rows on their own disk", f"{_ROOT}/deploy/helm/values.yaml",
             'value: "s3://quarantine"', "value: /var/lib/gate/quarantine", HELM),
    Mutation("a password is in the values of the chart", f"{_ROOT}/deploy/helm/values.yaml",
             "defaultUser: {enabled: false}", "defaultUser: {enabled: true, password: admin}", HELM),
    Mutation("a message that is sent twice proves nothing", f"{_ROOT}/tests/compose/run.py",
             "if arrived[each] != 1]", "if not arrived[each]]", PROOF),
    Mutation("a message that nobody queued proves nothing", f"{_ROOT}/tests/compose/run.py",
             "if each not in set(queued)]", "if False]", PROOF),
    Mutation("a start of ten minutes is good enough", f"{_ROOT}/tests/compose/report.py",
             "self.healthy_s > HEALTHY_WITHIN_S", "self.healthy_s > 600", PROOF),
)  # fmt: skip
