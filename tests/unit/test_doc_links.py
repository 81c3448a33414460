"""Every link of the documents leads to a page and a heading, and every page can be found from the first one."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from mkdocs_hooks import on_page_markdown

DOCS = Path("docs")
INDEX = DOCS / "index.md"
PICTURE = (DOCS / "pictures/architecture.svg").read_text()
PAGES = sorted([*Path().glob("*.md"), *DOCS.rglob("*.md")])
_FENCED = re.compile(r"^ *(```|~~~).*?^ *\1\s*?$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(`+).+?\1", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_OUTSIDE = ("https://", "http://", "mailto:")


def links(page: Path) -> list[str]:
    """The targets of the page's links that lead to files or headings; code holds none."""
    text = _CODE.sub("", _FENCED.sub("", page.read_text()))
    return [target for target in _LINK.findall(text) if not target.startswith(_OUTSIDE)]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub and `make docs` give to the page's headings."""
    slugs = [_slug(heading) for heading in _HEADING.findall(_FENCED.sub("", page.read_text()))]
    # A second heading of the same text is `-1` on GitHub and `_1` in the site, so no link may lead to it.
    return frozenset(slug for slug, count in Counter(slugs).items() if count == 1)


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def led_to(page: Path, target: str) -> tuple[Path, str]:
    """The file and the anchor of a link; an empty anchor is the top of the page."""
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve().relative_to(Path.cwd()) if path else page
    return found, anchor


def leads_nowhere(page: Path, target: str) -> bool:
    file, anchor = led_to(page, target)
    return not file.exists() or (anchor != "" and file.suffix == ".md" and anchor not in anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    assert [target for target in links(page) if leads_nowhere(page, target)] == []


def test_pages_of_the_site_link_to_nothing_outside_it():
    outside = {
        f"{page}: {target}"
        for page in DOCS.rglob("*.md")
        for target in links(page)
        if not led_to(page, target)[0].is_relative_to(DOCS)
    }

    assert outside == set()


def test_every_page_can_be_reached_from_the_first_one():
    reached, waiting = {INDEX}, [INDEX]
    while waiting:
        page = waiting.pop()
        following = {led_to(page, target)[0] for target in links(page)}
        new = {path for path in following if path.suffix == ".md" and path.is_file()} - reached
        reached |= new
        waiting += new

    assert set(DOCS.rglob("*.md")) - reached == set()


def test_the_map_names_each_page_once():
    pages = Counter(led_to(INDEX, target)[0] for target in _LINK.findall(INDEX.read_text().split("## All pages\n")[1]))

    assert pages == Counter(_pages_of_the_site() - {INDEX})


def test_the_navigation_of_the_site_names_each_page_once():
    assert Counter(_named(_site()["nav"])) == Counter(_pages_of_the_site())


def test_the_site_loads_nothing_from_another_host():
    site = _site()

    assert (site["theme"]["font"], site["plugins"], site["strict"]) == (False, ["search"], True)
    assert not {"extra_css", "extra_javascript", "repo_url"} & site.keys()


def test_the_picture_of_the_architecture_is_described():
    described = r'aria-labelledby="title description".*<title id="title">\w.*<desc id="description">\w'

    assert re.search(described, PICTURE, re.DOTALL)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_of_the_architecture_has_colours_for_both_schemes(scheme: str):
    light, _, dark = PICTURE.partition("@media (prefers-color-scheme: dark)")
    style = dark.partition("</style>")[0] if scheme == "dark" else light

    assert {name for name in ("paper", "box", "step", "name", "note") if f".{name} {{" not in style} == set()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Then\n- one\n- two", "Then\n\n- one\n- two"),
        ("Then\n1. one\n   more\n2. two", "Then\n\n1. one\n   more\n2. two"),
        ("```\ntext\n- code\n```", "```\ntext\n- code\n```"),
        ("Then\n\n- one", "Then\n\n- one"),
    ],
)
def test_a_list_after_a_line_of_text_is_a_list_in_the_site_too(written: str, read: str):
    assert on_page_markdown(written) == read


def _pages_of_the_site() -> set[Path]:
    """All pages; of the decision records their index."""
    return {page for page in DOCS.rglob("*.md") if not re.match(r"\d{4}-", page.name)}


def _named(entries: Any) -> list[Path]:
    match entries:
        case str():
            return [DOCS / entries]
        case dict():
            return [page for entry in entries.values() for page in _named(entry)]
        case _:
            return [page for entry in entries for page in _named(entry)]


def _site() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """Reads mkdocs.yml, which names Python functions."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    site: dict[str, Any] = yaml.load(Path("mkdocs.yml").read_text(), Loader)  # noqa: S506 -- a safe loader
    return site
