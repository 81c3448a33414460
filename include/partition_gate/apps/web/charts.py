"""Small charts as SVG, without scripts or styles of their own: the page's stylesheet colours their classes. Pure.

Their labels are HTML beside them, because a chart is stretched to the width of the page. Each has a sentence for
screen readers; the page shows the figures in a table, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from partition_gate.core.record import Record

_HEIGHT, _STEP, _GAP = 100, 12, 2
_SPARK_WIDTH, _SPARK_HEIGHT = 160, 28
_EDGE = 2.0  # room for the width of a line


class Bar(Record):
    """One bar: its parts from bottom to top, each with its class in gate.css, and a tooltip."""

    title: str
    parts: tuple[tuple[str, int], ...]


def bars(label: str, each: Sequence[Bar]) -> Markup:
    """Stacked bars from the oldest to the newest; the highest fills the height."""
    highest = max((sum(value for _, value in bar.parts) for bar in each), default=0) or 1
    drawn = Markup("").join(Markup("").join(_bar(i, bar, highest)) for i, bar in enumerate(each))
    return _svg(label, "bars", max(len(each), 1) * _STEP, _HEIGHT, drawn)


def line(label: str, values: Sequence[float | None], *, low: float, high: float, css: str = "") -> Markup:
    """A line over equal steps; a missing value interrupts it."""
    runs = [run for run in _runs(values) if run]
    drawn = Markup("").join(_polyline(run, len(values), low, high) for run in runs)
    return _svg(label, f"spark {css}".strip(), _SPARK_WIDTH, _SPARK_HEIGHT, drawn)


def band(label: str, lows: Sequence[float | None], highs: Sequence[float | None]) -> Markup:
    """The area between two lines, on a scale of its own; a missing value interrupts it."""
    known = [value for value in (*lows, *highs) if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    below, above = list(_runs(lows)), list(_runs(highs))
    drawn = Markup("").join(
        _area(bottom, top, len(lows), low, high) for bottom, top in zip(below, above, strict=True) if bottom and top
    )
    return _svg(label, "spark", _SPARK_WIDTH, _SPARK_HEIGHT, drawn)


def _svg(label: str, css: str, width: int, height: int, drawn: Markup) -> Markup:
    start = Markup('<svg role="img" class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-label="{}">')
    return start.format(css, width, height, label) + drawn + Markup("</svg>")


def _bar(number: int, bar: Bar, highest: int) -> Iterator[Markup]:
    top = float(_HEIGHT)
    yield Markup("<g><title>{}</title>").format(bar.title)
    yield Markup('<rect class="hover" x="{}" y="0" width="{}" height="{}"/>').format(number * _STEP, _STEP, _HEIGHT)
    for css, value in bar.parts:
        height = round(_HEIGHT * value / highest, 2)
        top -= max(height, 1.0) if value else 0.0
        if value:
            rect = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>')
            yield rect.format(css, number * _STEP + _GAP, round(top, 2), _STEP - _GAP, max(height, 1.0))
    yield Markup("</g>")


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The points between missing values, also where there are none: both lines of a band have as many runs."""
    run: list[tuple[int, float]] = []
    for i, value in enumerate(values):
        if value is None:
            yield run
            run = []
        else:
            run.append((i, value))
    yield run


def _points(run: Sequence[tuple[int, float]], count: int, low: float, high: float) -> list[str]:
    span, steps = (high - low) or 1.0, max(count - 1, 1)
    room = _SPARK_HEIGHT - 2 * _EDGE
    return [
        f"{_SPARK_WIDTH * i / steps:.1f},{_SPARK_HEIGHT - _EDGE - room * (value - low) / span:.1f}" for i, value in run
    ]


def _polyline(run: Sequence[tuple[int, float]], count: int, low: float, high: float) -> Markup:
    points = _points(run, count, low, high)
    if len(points) == 1:
        x, y = points[0].split(",")
        return Markup('<circle cx="{}" cy="{}" r="2"/>').format(x, y)
    return Markup('<polyline points="{}"/>').format(" ".join(points))


def _area(
    bottom: Sequence[tuple[int, float]], top: Sequence[tuple[int, float]], count: int, low: float, high: float
) -> Markup:
    points = [*_points(bottom, count, low, high), *reversed(_points(top, count, low, high))]
    return Markup('<polygon points="{}"/>').format(" ".join(points))
