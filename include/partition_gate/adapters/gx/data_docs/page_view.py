"""Great Expectations' page view, made safe: row values are escaped, and no external resource is loaded."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from great_expectations.render.components import RenderedDocumentContent
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader, pass_context

_TEMPLATES = Path(__file__).parent / "templates"
_MARKUP = re.compile(r"<(?!br ?/?>)")
# GX begins sections with h5 and h6; screen readers expect h2 below the page's h1. In text, "<" is escaped.
_LOW_HEADING = re.compile(r"<(/?)h[56]\b")


class SafePageView(DefaultJinjaPageView):
    """Our page around GX's sections.

    GX 1.24 does not escape table cells (its templates end in .j2, which its autoescape ignores), so a value
    `<img onerror=..>` in the data would run in the reader's browser. Text is escaped here, where it is still known to
    be text; in addition, the page's Content-Security-Policy forbids inline scripts.
    """

    _template = "docs_page.html"

    def __init__(self) -> None:
        super().__init__()
        gx_loader = self.env.loader
        self.env.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), *([gx_loader] if gx_loader else [])])

    def page(self, document: RenderedDocumentContent, **context: object) -> str:
        """The whole page as HTML; `context` holds the variables of docs_page.html."""
        page = str(self.render(document, **context))  # type: ignore[no-untyped-call]
        return _LOW_HEADING.sub(r"<\1h2", page)

    def _get_template(self, template_str: str) -> Any:
        """GX's chart template loads Vega from a CDN and runs an inline script."""
        return super()._get_template("docs_graph.html" if template_str == "graph.j2" else template_str)

    @pass_context
    def render_content_block(
        self,
        jinja_context: Any,
        content_block: Any,
        index: Any = None,
        content_block_id: Any = None,
        render_to_markdown: bool = False,  # noqa: FBT001, FBT002 (GX's signature)
    ) -> Any:
        match content_block:
            case str():
                return html.escape(content_block)
            case list():
                content_block = [html.escape(item) if isinstance(item, str) else item for item in content_block]
        return super().render_content_block(jinja_context, content_block, index, content_block_id, render_to_markdown)

    def render_string_template(self, template: Any) -> Any:
        """GX escapes the parameters, but the template's own text may contain a column name."""
        if isinstance(template, dict):
            template = {**template, "template": _MARKUP.sub("&lt;", template.get("template") or "")}
        return super().render_string_template(template)  # type: ignore[no-untyped-call]
