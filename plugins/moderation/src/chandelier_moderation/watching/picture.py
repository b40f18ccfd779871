"""The picture of `/mod stats`: bars by week and by moderator, on Discord's dark ground.

matplotlib takes a second to import and a while to draw: it is imported in the thread that draws.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import attrs

__all__ = ["Words", "draw"]

GROUND, INK, FAINT = "#2b2d31", "#f2f3f5", "#4e5058"
"""The ground of an embed in Discord's dark theme; the picture brings it along for the light one."""
COLOURS = (
    "#e5484d", "#f5a623", "#ffd60a", "#46a758", "#12a594",
    "#3e9eff", "#8e7bff", "#d864d8", "#b9bbbe", "#a18072",
)  # fmt: skip
"""One for each kind, told apart on the dark ground; kinds beyond them share the last."""
MOST_MODERATORS = 10
FEWEST_WEEKS = 6
"""Places for weeks: one week alone is no wall."""
MOST_KINDS = len(COLOURS)
_DPI = 160


@attrs.frozen(kw_only=True)
class Words:
    """What stands in the picture, in the reader's language."""

    weeks: Sequence[str]
    """A label for each week."""
    by_action: Sequence[tuple[str, Sequence[int]]]
    """A label for each kind, and its numbers by week."""
    by_moderator: Sequence[tuple[str, Sequence[int]]]
    """A name for each moderator, and their numbers in the order of the kinds."""
    title: str
    per_week: str
    per_moderator: str
    others: str


def draw(words: Words) -> bytes:
    """The picture as PNG. Blocks for about half a second, the first time longer: call it in a thread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    kinds, people = _kinds(words), list(words.by_moderator[:MOST_MODERATORS])
    height = 3.4 + (0.75 + 0.34 * len(people) if people else 0)
    ratios = [3.0, 0.5 + 0.34 * len(people)] if people else [1.0]
    # Not pyplot: it keeps every figure in the module, and is not made for threads.
    figure: Any = Figure(figsize=(8, height), dpi=_DPI, facecolor=GROUND, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots(len(ratios), 1, height_ratios=ratios, squeeze=False)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    figure.suptitle(words.title, color=INK, fontsize=13, fontweight="bold", parse_math=False)

    by_week = axes[0][0]
    places, floor = range(len(words.weeks)), [0] * len(words.weeks)
    for label, numbers, colour in kinds:
        by_week.bar(places, numbers, bottom=floor, color=colour, label=_plain(label), width=0.78)
        floor = [below + number for below, number in zip(floor, numbers, strict=True)]
    shown = max(1, -(-len(words.weeks) // 13))
    by_week.set_xticks(list(places)[::-shown][::-1], list(words.weeks)[::-shown][::-1])
    by_week.set_title(words.per_week, color=INK, fontsize=10, loc="left", parse_math=False)
    by_week.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    by_week.set_xlim(min(-0.6, len(places) / 2 - FEWEST_WEEKS / 2), max(len(places) - 0.4, FEWEST_WEEKS / 2))
    by_week.set_ylim(0, max(max(floor, default=0) * 1.12, 1))
    if len(places) <= 16:
        for place, total in zip(places, floor, strict=True):
            if total:
                by_week.annotate(
                    str(total), (place, total), (0, 2), textcoords="offset points", ha="center", color=INK,
                    fontsize=8,
                )  # fmt: skip
    if kinds:
        by_week.legend(
            loc="upper left", bbox_to_anchor=(1.005, 1.0), frameon=False, labelcolor=INK, fontsize=9,
            handlelength=1.0,
        )  # fmt: skip
    if people:
        _draw_people(axes[1][0], people, kinds, words)
        axes[1][0].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    for each in axes.flat:
        each.set_facecolor(GROUND)
        each.tick_params(colors=INK, labelsize=9, length=0)
        for side in ("top", "right", "left"):
            each.spines[side].set_visible(False)
        each.spines["bottom"].set_color(FAINT)
    by_week.grid(axis="y", color=FAINT, linewidth=0.6)
    by_week.set_axisbelow(True)
    written = io.BytesIO()
    figure.savefig(written, format="png", facecolor=GROUND)
    return written.getvalue()


def _draw_people(
    axes: Any,
    people: Sequence[tuple[str, Sequence[int]]],
    kinds: Sequence[tuple[str, Sequence[int], str]],
    words: Words,
) -> None:
    numbers = [_folded(each, len(words.by_action)) for _name, each in people]
    places = list(range(len(people)))
    left = [0] * len(people)
    for kind, (_label, _weeks, colour) in enumerate(kinds):
        mine = [each[kind] for each in numbers]
        axes.barh(places, mine, left=left, color=colour, height=0.7)
        left = [before + more for before, more in zip(left, mine, strict=True)]
    for place, total in zip(places, left, strict=True):
        axes.annotate(
            str(total), (total, place), (3, 0), textcoords="offset points", va="center", color=INK, fontsize=8
        )
    axes.set_yticks(places, [_plain(name) for name, _numbers in people])
    axes.invert_yaxis()
    axes.set_xlim(0, max(left, default=1) * 1.08)
    axes.set_title(words.per_moderator, color=INK, fontsize=10, loc="left", parse_math=False)


def _kinds(words: Words) -> list[tuple[str, Sequence[int], str]]:
    """Label, numbers and colour of each kind; what there is no colour for becomes one."""
    kinds = list(words.by_action)
    if len(kinds) > MOST_KINDS:
        rest = kinds[MOST_KINDS - 1 :]
        together = [sum(numbers) for numbers in zip(*(numbers for _, numbers in rest), strict=True)]
        kinds = [*kinds[: MOST_KINDS - 1], (words.others, together)]
    return [(label, numbers, COLOURS[place]) for place, (label, numbers) in enumerate(kinds)]


def _folded(numbers: Sequence[int], kinds: int) -> Sequence[int]:
    return [*numbers[: MOST_KINDS - 1], sum(numbers[MOST_KINDS - 1 :])] if kinds > MOST_KINDS else numbers


def _plain(text: str) -> str:
    """A text as matplotlib draws it: ``$`` begins no formula."""
    return text.replace("$", r"\$") or "–"
