"""Slack as a Notifier: each call is tried once, and its result says whether Slack may have accepted it."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from partition_gate.adapters.http_deadlines import opener_until
from partition_gate.alerts.slack_blocks import escape
from partition_gate.core.errors import DeliveryError, DeliveryUnknown, NotDelivered, NotEditable, ServiceSilent
from partition_gate.gate.deadlines import Deadline, LimitReached, within
from partition_gate.judging.attempt import Message

SCOPES = frozenset({"chat:write", "channels:read", "channels:history", "groups:read", "groups:history"})
EVENT_TYPE = "partition_gate_alert"
_PAGE = 200
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
# Slack answers these with `ok: false`, but may have accepted the message.
_UNKNOWN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_NOT_EDITABLE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_NEXT_TRY = "the next try first checks whether the message arrived"
_NEXT_STEPS = {
    "channel_not_found": "create the channel, or correct `support` in the contract; invite the app if it is private",
    "not_in_channel": "invite the app: type /invite @<app> in the channel",
    "is_archived": "unarchive the channel, or name another one in `support` of the contract",
    "invalid_auth": "replace the Slack token",
    "not_authed": "set the Slack token",
    "token_revoked": "replace the Slack token",
    "token_expired": "replace the Slack token",
    "account_inactive": "replace the Slack token; its account is inactive",
    "missing_scope": "give the app chat:write, channels:read, channels:history, groups:read and groups:history",
    "restricted_action": "a workspace rule forbids posting here; ask the workspace administrator",
    "ratelimited": "no action needed; the message is sent later",
    "message_not_found": "the message was deleted in Slack; its later news are posted as replies",
    "invalid_blocks": "report this as a bug, with the message id",
    "msg_too_long": "report this as a bug, with the message id",
}


class SlackNotifier:
    """Posts messages with their id in `metadata`, and finds them by it.

    `send` and `find` each end within `limit_s`, whatever Slack does; `timeout_s` limits one step of a connection.
    """

    def __init__(
        self, token: str, base_url: str = "https://slack.com/api/", timeout_s: int = 10, limit_s: float = 20.0
    ) -> None:
        self._client = DeadlineClient(token, base_url.rstrip("/") + "/", timeout_s)
        self._limit_s = limit_s
        self._ids: dict[str, str] = {}

    def send(self, message: Message, *, root_ts: str | None = None, root_text: str | None = None) -> str:  # noqa: ARG002
        """Post, reply or edit once; returns Slack's `ts`. Raises: NotDelivered, DeliveryUnknown, NotEditable."""
        self._client.deadline = Deadline(self._limit_s)
        outbox_id = message.root if message.is_edit else message.id
        content = {
            "text": escape(message.text),
            "blocks": json.loads(message.blocks),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"outbox_id": outbox_id}},
        }
        if message.is_edit and root_ts:
            return self._edit(message.channel, root_ts, content)
        answer = self._call(
            message.channel,
            lambda: self._client.chat_postMessage(
                channel=message.channel, thread_ts=root_ts, unfurl_links=False, unfurl_media=False, **content
            ),
        )
        self._ids[message.channel] = str(answer["channel"])
        return str(answer["ts"])

    def find(self, message: Message, *, since: datetime, root_ts: str | None = None) -> str | None:
        """The `ts` of the message with this id, posted at or after `since`: in the thread of `root_ts`, else in the
        channel.

        Raises: NotDelivered, DeliveryUnknown (Slack gave no answer, so the result is unknown).
        """
        self._client.deadline = Deadline(self._limit_s)
        where = {"channel": self._channel_id(message.channel), "oldest": f"{since.timestamp():.6f}"}
        if root_ts:
            where["ts"] = root_ts
        pages = self._pages(
            self._client.conversations_replies if root_ts else self._client.conversations_history,
            message.channel,
            inclusive=True,
            include_all_metadata=True,
            **where,
        )
        posted = (post for page in pages for post in page["messages"])
        return next((str(post["ts"]) for post in posted if _outbox_id(post) == message.id), None)

    def scopes(self) -> frozenset[str]:
        """What the token may do, as Slack says. Raises: NotDelivered, DeliveryUnknown."""
        self._client.deadline = Deadline(self._limit_s)
        answer = self._call("Slack", self._client.auth_test)
        named = {str(name).lower(): str(value) for name, value in answer.headers.items()}
        return frozenset(filter(None, (each.strip() for each in named.get("x-oauth-scopes", "").split(","))))

    def _edit(self, channel: str, root_ts: str, content: dict[str, Any]) -> str:
        channel_id = self._channel_id(channel)
        try:
            self._call(channel, lambda: self._client.chat_update(channel=channel_id, ts=root_ts, **content))
        except NotDelivered as error:
            if isinstance(error.__cause__, SlackApiError) and error.__cause__.response.get("error") in _NOT_EDITABLE:
                raise NotEditable(str(error)) from error
            raise
        return root_ts

    def _channel_id(self, channel: str) -> str:
        """The id of a channel: contracts use names, Slack reads history by id. It lists private channels only to
        members.
        """
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        if channel not in self._ids:
            kinds = "public_channel,private_channel"
            for page in self._pages(self._client.conversations_list, channel, types=kinds, exclude_archived=True):
                self._ids.update((f"#{listed['name']}", str(listed["id"])) for listed in page["channels"])
        name = channel if channel in self._ids else f"#{channel.removeprefix('#')}"
        if name not in self._ids:
            raise NotDelivered(_refusal(channel, "channel_not_found"))
        return self._ids[name]

    def _pages(self, method: Callable[..., SlackResponse], name: str, /, **arguments: Any) -> Iterator[SlackResponse]:
        cursor = ""
        while True:
            request = {**arguments, "limit": _PAGE, **({"cursor": cursor} if cursor else {})}
            page = self._call(name, partial(method, **request))
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _call(self, channel: str, call: Callable[[], SlackResponse]) -> SlackResponse:
        """Slack's answer. The only place where Slack's errors are translated."""
        try:
            return within(self._client.deadline.left_s, call)
        except SlackApiError as error:
            raise _delivery_error(channel, error) from error
        except LimitReached as error:
            limit = f"no answer from Slack within {self._limit_s:g} s (GATE_MESSAGE_TIMEOUT_S)"
            raise ServiceSilent(f"{channel}: {limit}; {_NEXT_TRY}") from error
        except (URLError, TimeoutError) as error:
            raise ServiceSilent(_no_answer(channel, error)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeliveryUnknown(_no_answer(channel, error)) from error  # a connection reset, or a truncated answer


def _outbox_id(post: dict[str, Any]) -> str | None:
    metadata = post.get("metadata") or {}
    outbox_id = (metadata.get("event_payload") or {}).get("outbox_id")
    return str(outbox_id) if metadata.get("event_type") == EVENT_TYPE and outbox_id else None


def _delivery_error(channel: str, error: SlackApiError) -> DeliveryError:
    response = error.response
    if response.status_code == 429:
        return NotDelivered(_refusal(channel, "ratelimited"), retry_after_s=_retry_after_s(response))
    code = str(response.get("error", ""))
    if response.status_code != 200 or code in _UNKNOWN or not re.fullmatch(r"[a-z_]+", code):
        return DeliveryUnknown(f"{channel}: Slack failed (HTTP {response.status_code}); {_NEXT_TRY}")
    return NotDelivered(_refusal(channel, code))


def _no_answer(channel: str, error: Exception) -> str:
    return f"{channel}: no answer from Slack ({type(error).__name__}); {_NEXT_TRY}"


def _refusal(channel: str, code: str) -> str:
    step = _NEXT_STEPS.get(code, f"see https://docs.slack.dev/reference/methods/chat.postMessage for '{code}'")
    return f"{channel}: Slack says {code}; {step}"


def _retry_after_s(response: SlackResponse) -> float | None:
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None


class DeadlineClient(WebClient):
    """A `WebClient` without retries: they would post again after a lost answer, and so send a message twice.

    `deadline` applies to all following requests. An abandoned request must never be sent later, because another worker
    may have looked for the message by then, and sent it again.
    """

    def __init__(self, token: str, base_url: str, timeout_s: int) -> None:
        super().__init__(token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[])
        self.deadline = Deadline(float("inf"))

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002 -- theirs
        proxies = [ProxyHandler({"http": self.proxy, "https": self.proxy})] if self.proxy else []
        opener = opener_until(self.deadline, *proxies, ssl=self.ssl)
        with opener.open(req, timeout=self.timeout) as answer:
            charset = answer.headers.get_content_charset() or "utf-8"
            return {"status": answer.code, "headers": answer.headers, "body": answer.read().decode(charset)}
