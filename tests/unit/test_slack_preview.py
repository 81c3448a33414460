"""The preview shows what Slack would show, and lets nothing of a message act on the page."""

from __future__ import annotations

import json

import pytest

from partition_gate.alerts.slack_blocks import plain
from partition_gate.alerts.slack_preview import mrkdwn, preview, safe_address


def section(text: str) -> str:
    return json.dumps([{"type": "section", "text": {"type": "mrkdwn", "text": text}}])


def button(url: str) -> str:
    label = {"type": "plain_text", "text": "Report"}
    return json.dumps([{"type": "actions", "elements": [{"type": "button", "text": label, "url": url}]}])


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <s>no</s>"),
        ("`a_b *c*`", "<code>a_b *c*</code>"),
        ("```two\nlines```", "<pre>two\nlines</pre>"),
        ("one\ntwo", "one<br>two"),
        ("<https://a.example/x|the page>", '<a href="https://a.example/x" rel="noopener noreferrer">the page</a>'),
        ("</docs/a.html|report>", '<a href="/docs/a.html" rel="noopener noreferrer">report</a>'),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4"),
        ("1 &lt; 2 &amp; 3", "1 &lt; 2 &amp; 3"),
        ("&amp;lt;", "&amp;lt;"),
    ],
)
def test_mrkdwn_looks_as_in_slack(text: str, html: str):
    assert mrkdwn(text) == html


def test_a_mention_is_shown_as_the_mention_it_would_be():
    assert mrkdwn("<!channel>") == '<span class="slack-mention">@channel</span>'


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "`</code><script>`",
        "```</pre><script>```",
        "<https://a.example|<script>>",
        '<https://a.example/" onclick="alert(1)|x>',
        '<!x|"><script>>',
    ],
)
def test_no_text_becomes_an_element_or_an_attribute(text: str):
    html = preview(section(text))

    assert "<script" not in html
    assert "<img" not in html
    assert '" onclick' not in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "//evil.example/x",
        "/\\evil.example",
        "\\\\evil.example",
        "https://",
        "http://[::1",
        "https:\u202e//x",
        "",
    ],
)
def test_a_dangerous_address_is_no_link(url: str):
    assert safe_address(url) is None
    assert "<a" not in preview(button(url))


@pytest.mark.parametrize("url", ["https://a.example/x?y=1#z", "http://localhost:8080", "/docs/x", "docs/x.html"])
def test_web_addresses_and_paths_are_links(url: str):
    assert "<a" in preview(button(url))


def test_quotes_in_an_address_stay_inside_the_attribute():
    assert 'href="https://a.example/&quot;&gt;x"' in preview(button('https://a.example/">x'))


def test_all_kinds_of_blocks_are_shown():
    words = {"type": "plain_text", "text": "words"}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "\U0001f534 <b>down</b>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Rows*\n7"}]},
        {"type": "context", "elements": [words]},
        {"type": "divider"},
        {"type": "video"},
    ]
    html = preview(json.dumps(blocks))

    assert "&lt;b&gt;down&lt;/b&gt;</h3>" in html
    assert "slack-dot-red" in html
    assert "<strong>Rows</strong><br>7" in html
    assert "<span>words</span>" in html
    assert "cannot show this block" in html


@pytest.mark.parametrize("text", ["", "no json", "{}", "[" * 100_000, "null"])
def test_what_is_no_list_of_blocks_is_said_to_be_none(text: str):
    assert "no readable blocks" in preview(text)


@pytest.mark.parametrize("block", ["null", "7", '{"type": "section"}', '{"type": "actions", "elements": [1, {}]}'])
def test_broken_blocks_do_not_break_the_page(block: str):
    assert preview(f"[{block}]").startswith('<div class="slack-message">')


@pytest.mark.parametrize(
    ("emoji", "letter"), [("\u2705", "\u2713"), ("\U0001f440", "\u25c9"), ("\U0001f515", "\u2298")]
)
def test_the_state_of_an_incident_is_drawn_without_a_font_of_emoji(emoji: str, letter: str):
    html = preview(json.dumps([{"type": "section", "text": {"type": "mrkdwn", "text": f"{emoji} `latency` over"}}]))

    assert (emoji in html, f'aria-hidden="true">{letter}</span> <code>latency</code>' in html) == (False, True)


@pytest.mark.parametrize("kind", ["mrkdwn", "plain_text"])
def test_control_characters_and_bidirectional_marks_are_shown_as_escapes(kind: str):
    blocks = [{"type": "section", "text": {"type": kind, "text": "SJU \u202e\x1b[31m"}}]

    assert r"SJU \u202e\x1b[31m" in preview(json.dumps(blocks))


def test_half_a_surrogate_pair_can_still_be_sent_as_a_page():
    assert preview(section("\ud800")).encode()


def test_a_name_in_a_message_can_be_copied_from_the_page():
    assert plain("orders.order_id") != "orders.order_id"  # Slack must not read the underscore as markup
    assert mrkdwn(plain("orders.order_id")) == "orders.order_id"
