"""What a machine in AWS has around it, over real HTTP: S3 and STS (SeaweedFS's), and a metadata service of our own.

SeaweedFS signs session tokens, evaluates IAM policies, and refuses a token that is expired or missing. The metadata
service is strict: it refuses what the real one would refuse, and gives out credentials that SeaweedFS issued.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from partition_gate.adapters.embedded_s3.layout import Credentials, Layout, Ports, command
from partition_gate.core.record import Record

ROLE = "arn:aws:iam::123456789012:role/gate"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}
_READY_WITHIN_S = 30
_BUCKETS = ("landing", "warehouse")
_FIRST_SLOT = 640


class S3WithRoles(Record):
    """A running server. Its own key may do everything, and assume the role."""

    url: str
    access_key_id: str
    secret_access_key: str
    tls_url: str = ""

    def session(self, *, role: str = ROLE) -> dict[str, Any]:
        """New credentials of the role, as STS's AssumeRole answers them."""
        issued: dict[str, Any] = self.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        return issued

    def client(self, name: str) -> Any:
        return botocore.session.Session().create_client(
            name,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@contextmanager
def s3_with_roles(
    home: Path,
    *,
    policy: Mapping[str, Any] = EVERYTHING,
    lifetime: timedelta = timedelta(hours=1),
    certificates: Path | None = None,
) -> Iterator[S3WithRoles]:
    """A server whose role has exactly the rights of this policy; sessions are valid for `lifetime`. With a folder of
    certificates (`server.pem`, `server.key`), it also speaks TLS.
    """
    layout, own = Layout(home=home), Credentials.generate()
    layout.prepare()
    layout.credentials.write_text(json.dumps(own.server_document()))
    (home / "iam.json").write_text(json.dumps(_identities(policy, lifetime)))
    # From a place of its own: another test process that looks at the same time would find the same ports free.
    slots = deque(range(_FIRST_SLOT, 2 * Ports.slots()))
    slots.rotate(os.getpid() * 7)
    ports = next(ports for ports in map(Ports.slot, slots) if ports.are_free())
    arguments = command(Path(sys.executable).parent / "weed", layout, ports, buckets=_BUCKETS)
    arguments.append(f"-s3.iam.config={home / 'iam.json'}")
    tls_port = ports.base + 9  # the last of its ten, which nothing else uses
    if certificates:
        arguments += [f"-s3.port.https={tls_port}", f"-s3.cert.file={certificates / 'server.pem'}"]
        arguments.append(f"-s3.key.file={certificates / 'server.key'}")
    with layout.log.open("w") as log:
        server = subprocess.Popen(arguments, env={"HOME": str(home)}, stdout=log, stderr=log)
    try:
        running = S3WithRoles(
            url=ports.endpoint_url,
            access_key_id=own.access_key_id,
            secret_access_key=own.secret_access_key,
            tls_url=f"https://127.0.0.1:{tls_port}",
        )
        _wait_until_ready(running)
        yield running
    finally:
        server.terminate()
        server.wait(20)


def _identities(policy: Mapping[str, Any], lifetime: timedelta) -> dict[str, Any]:
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole"]}
    role = {
        "roleName": "gate",
        "roleArn": ROLE,
        "attachedPolicies": ["rights"],
        "trustPolicy": {"Version": "2012-10-17", "Statement": [anybody]},
    }
    return {
        "sts": {
            "tokenDuration": f"{lifetime.total_seconds():.0f}s",
            "maxSessionLength": "12h",
            "issuer": "tests",
            "signingKey": "dGVzdC1zaWduaW5nLWtleS0zMi1jaGFyYWN0ZXJzLWxvbmc=",
        },
        "policy": {"defaultEffect": "Deny", "storeType": "memory"},
        "policies": [{"name": "rights", "document": policy}],
        "roles": [role],
    }


def _wait_until_ready(server: S3WithRoles) -> None:
    """It lists before it can read: ready is when a written object can be read and removed again."""
    client, give_up_at = server.client("s3"), time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            client.put_object(Bucket=_BUCKETS[0], Key="ready", Body=b"1")
            client.get_object(Bucket=_BUCKETS[0], Key="ready")
            client.delete_object(Bucket=_BUCKETS[0], Key="ready")
        except (BotoCoreError, ClientError):
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return


class _Metadata(BaseHTTPRequestHandler):
    """IMDSv2, the credentials URL of containers, and STS's AssumeRoleWithWebIdentity."""

    server: MetadataService

    def do_PUT(self) -> None:
        ttl = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path == "/latest/api/token" and ttl.isdigit():
            self._answer(200, self.server.token)
        else:
            self._answer(400, "")

    def do_GET(self) -> None:
        role = "/latest/meta-data/iam/security-credentials/"
        if self.path == "/container":
            allowed = self.headers.get("Authorization") == self.server.token
            self._answer(*((200, self._credentials()) if allowed else (401, "")))
        elif self.headers.get("x-aws-ec2-metadata-token") != self.server.token:
            self._answer(401, "")
        elif self.path == role:
            self._answer(200, "gate")
        elif self.path == f"{role}gate":
            self._answer(200, self._credentials())
        else:
            self._answer(404, "")

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_ours = asked.get("WebIdentityToken") == [self.server.token] and asked.get("RoleArn") == [ROLE]
        if asked.get("Action") != ["AssumeRoleWithWebIdentity"] or not is_ours:
            self._answer(403, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>")
            return
        issued = self.server.issue()
        fields = "".join(f"<{name}>{issued[name]}</{name}>" for name in issued)
        body = f"<AssumeRoleWithWebIdentityResult><Credentials>{fields}</Credentials></AssumeRoleWithWebIdentityResult>"
        self._answer(200, f"<AssumeRoleWithWebIdentityResponse>{body}</AssumeRoleWithWebIdentityResponse>")

    def _credentials(self) -> str:
        issued = self.server.issue()
        names = {"SessionToken": "Token", "SecretAccessKey": "SecretAccessKey", "AccessKeyId": "AccessKeyId"}
        given = {names[name]: issued[name] for name in names}
        return json.dumps({"Code": "Success", **given, "Expiration": issued["Expiration"]})

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class MetadataService(ThreadingHTTPServer):
    """Gives out sessions of the role. `token` is what a caller must show; `issued` counts the sessions."""

    def __init__(self, s3: S3WithRoles) -> None:
        super().__init__(("127.0.0.1", 0), _Metadata)
        self._s3, self.token, self.issued = s3, secrets.token_hex(16), 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def issue(self) -> dict[str, str]:
        """A new session, with its expiry as AWS writes it."""
        self.issued += 1
        session = self._s3.session()
        expiration: datetime = session["Expiration"]
        texts = {name: str(session[name]) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        return {**texts, "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}


@contextmanager
def metadata_service(s3: S3WithRoles) -> Iterator[MetadataService]:
    """A running metadata service."""
    with MetadataService(s3) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()


def without_aws(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a machine on which nobody has set up AWS."""
    nothing = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    own = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return {**own, **nothing, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
