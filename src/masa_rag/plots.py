"""A memory in pictures: what came in over time, and who speaks. Needs the extra ``plots``.

::

    from masa_rag.plots import activity, speakers

    activity(memory)                         # in a notebook, the last line of a cell is shown
    speakers(memory).savefig("people.png")

The figures belong to no window and to no global state of matplotlib.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from masa_rag._lazy import require
from masa_rag._reading import whole_number
from masa_rag._statistics import Count, Period, passages_by_speaker, passages_by_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from masa_rag.memory import Memory
else:
    Figure = require("matplotlib.figure", extra="plots", purpose="A plot of a memory").Figure
    PolyCollection = require("matplotlib.collections", extra="plots", purpose="A plot of a memory").PolyCollection
    MaxNLocator = require("matplotlib.ticker", extra="plots", purpose="A plot of a memory").MaxNLocator

__all__ = ["activity", "speakers"]

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Seven of the eight colours of Okabe and Ito (2008), which people of all colour vision tell apart."""
_REST = "#999999"
_LONGEST_NAME = 32
_WIDTH_DAYS = {"day": 0.85, "month": 26.0}
_LEAST_DAYS = {"day": 7.0, "month": 214.0}
"""How many are shown at least: below fewer matplotlib writes hours, or the days of a month, as if it were zoomed in."""


class _Plot(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def activity(memory: Memory, *, by: Period = "day") -> Figure:
    """Return bars of how many passages were said in each day or month, stacked by source.

    The time is that of the event (when it was said or published, UTC), not of the import; passages
    without a known time are left out. The seven largest sources have a colour each, the others share grey.

    Args:
        memory: What is shown.
        by: "day" or "month".
    """
    counts = passages_by_time(memory.catalog.connection, by=by)
    figure, axes = _empty(f"Passages a {by}", height=3.6)
    if not counts:
        return _nothing(figure, axes, "No passage has a known time yet.")
    bottom: Counter[date] = Counter()
    names = _sources(counts)
    for number, name in enumerate(names):
        share = _share(counts, name, names)
        bars = axes.add_collection(_bars(share, bottom, _WIDTH_DAYS[by] / 2), autolim=True)
        bars.set(facecolor=_REST if name is None else _COLOURS[number], label=str(number))
        bottom.update(share)
    axes.autoscale_view()
    _name_sources(axes, names)
    _widen(axes, _LEAST_DAYS[by])
    axes.xaxis_date()
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.autofmt_xdate(rotation=30)
    return figure


def speakers(memory: Memory, *, top: int = 15, source: str | None = None) -> Figure:
    """Return bars of the people who speak in most passages.

    Args:
        memory: What is shown.
        top: How many people, at least 1.
        source: Only in this source; None counts in all.
    """
    found = passages_by_speaker(memory.catalog.connection, top=whole_number("top", top), source=source)
    figure, axes = _empty("Passages in which they speak", height=1.2 + 0.28 * len(found))
    if not found:
        return _nothing(figure, axes, "Nobody speaks here yet.")
    places = range(len(found))
    bars = axes.barh(places, [person.chunks for person in found], color=_COLOURS[0])
    axes.bar_label(bars, padding=3)
    # Names are not formulas: "$" would start one.
    axes.set_yticks(places, labels=[_short(person.name) for person in found], parse_math=False)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.12)
    return figure


def _empty(title: str, *, height: float) -> tuple[_Plot, Axes]:
    figure = _Plot(figsize=(8, height), dpi=100, layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _nothing(figure: _Plot, axes: Axes, text: str) -> _Plot:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    return figure


def _sources(counts: Sequence[Count]) -> list[str | None]:
    """Return the largest sources, the largest first, and None for the others where there are more than colours."""
    total: Counter[str] = Counter()
    for count in counts:
        total[count.source] += count.chunks
    names = sorted(total, key=lambda name: (-total[name], name))
    return [*names[: len(_COLOURS)], *([None] if len(names) > len(_COLOURS) else [])]


def _share(counts: Sequence[Count], name: str | None, names: Sequence[str | None]) -> Counter[date]:
    """Return passages by day of one source, or of those that are not named."""
    share: Counter[date] = Counter()
    for count in counts:
        if count.source == name or (name is None and count.source not in names):
            share[count.day] += count.chunks
    return share


def _bars(share: Counter[date], bottom: Counter[date], half: float) -> PolyCollection:
    """Return a bar a day as one artist: ten years of them as one each took 40 s to draw, so 1."""
    corners = [
        [(day + side, bottom[key] + height * up) for side, up in ((-half, 0), (-half, 1), (half, 1), (half, 0))]
        for key, height in share.items()
        for day in (_as_number(key),)
    ]
    bars = PolyCollection(corners, linewidths=0)
    bars.sticky_edges.y.append(0)
    return bars


def _name_sources(axes: Axes, names: Sequence[str | None]) -> None:
    """Write the legend after it is made: matplotlib would hide a name that begins with "_"."""
    legend = axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text("others" if name is None else _short(name))


def _widen(axes: Axes, least_days: float) -> None:
    """Show so many days at least, but none before the year 1 or after 9999, for which there are no dates."""
    low, high = axes.get_xlim()
    beside = max(0.0, least_days - (high - low)) / 2
    axes.set_xlim(max(low - beside, _as_number(date.min)), min(high + beside, _as_number(date.max)))


def _as_number(day: date) -> float:
    """Return days since 1970, matplotlib's own measure of dates."""
    return float((day - date(1970, 1, 1)).days)


def _short(name: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"
