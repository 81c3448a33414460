"""What to do about a request that S3 refused: the key may be wrong, or a right may be missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

# S3's error codes that say that the key itself is not accepted.
_NOT_OUR_KEY = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "TokenRefreshRequired"}
)
_EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired"})
_SKEW = "RequestTimeTooSkewed"
_CODE = re.compile(r"<Code>(\w+)</Code>|An error occurred \((\w+)\)|\(code: (\w+)\)")
_UNTRUSTED = ("invalid peer certificate", "InvalidCertificate", "CERTIFICATE_VERIFY_FAILED")
_PAGE = "docs/reference/credentials.md"


def refusal(error: BaseException, *, right: str, uri: str, who: str = "") -> str:
    """The rest of a sentence that begins with the service. Of the library's message, only S3's error code is quoted.

    `who` says where our credentials come from; empty: `gate doctor` does.
    """
    code = _code(error)
    named = f" ({code})" if code else ""
    ours = who or "`gate doctor` says whose they are"
    if code in _EXPIRED:
        return (
            f"rejects our credentials ({ours}): their session token has expired ({code}); renew it where it comes "
            "from, such as with `aws sso login`; a role in GATE_S3_ROLE_ARN is renewed by the gate"
        )
    if code in _NOT_OUR_KEY:
        whose = f"; they come from {who}" if who else ""
        return f"rejects our credentials{named}; check the access key, the secret and the session token{whose}"
    if code == _SKEW:
        return f"rejects our credentials{named}; this machine's clock is wrong: synchronise it (NTP)"
    return (
        f"does not allow us {right}{named}; our credentials ({ours}) need a policy with "
        f"{statement(right, uri)}, or correct the credentials: {_PAGE}"
    )


def rejects_key(error: BaseException) -> bool:
    """Whether S3 answered that it does not accept our key. It may do so with status 400, for which obstore has no
    exception of its own.
    """
    return _code(error) in {*_NOT_OUR_KEY, _SKEW}


def statement(right: str, uri: str) -> str:
    """The policy statement that gives this right to a place in S3."""
    bucket = uri.removeprefix("s3://").partition("/")[0]
    resource = bucket if right == "s3:ListBucket" else f"{bucket}/*"
    return json.dumps({"Effect": "Allow", "Action": right, "Resource": f"arn:aws:s3:::{resource}"})


def untrusted(error: BaseException) -> str:
    """What to do if the server's certificate was not accepted; empty if that is not the reason."""
    if not any(sign in text for text in _texts(error) for sign in _UNTRUSTED):
        return ""
    return (
        "its certificate is not trusted; set GATE_S3_CA_BUNDLE to the PEM file of its CA, and for Delta tables the "
        "variable SSL_CERT_FILE to the same file"
    )


def _code(error: BaseException) -> str:
    """The code in the first of the error's causes that has one. An answer to HEAD has none."""
    return next((code for text in _texts(error) if (code := _named(text))), "")


def _named(text: str) -> str:
    found = _CODE.search(text)
    return next((code for code in found.groups() if code), "") if found else ""


def _texts(error: BaseException | None) -> Iterator[str]:
    seen = 0
    while error is not None and seen < 10:
        yield str(error)
        error, seen = error.__cause__ or error.__context__, seen + 1
