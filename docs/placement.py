"""A drawing of where the camera belongs."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, FancyBboxPatch, Polygon, Rectangle

INK, GREY = "#222222", "#666666"
BODY, GHOST, MAT, FLOOR = "#33566F", "#A9C0CF", "#D9DEE2", "#BBBBBB"
VIEW, WRONG = "#F3C969", "#C0392B"

Point = tuple[float, float]


def figure() -> Figure:
    """Four fields in metres: from above, camera height, what the camera sees, what does not work."""
    made: Figure = plt.figure(figsize=(10, 8))
    grid = made.add_gridspec(
        2, 2, left=0.008, right=0.992, top=0.955, bottom=0.008, hspace=0.11, wspace=0.02, height_ratios=[3.5, 2.9]
    )
    above, below = (-1.75, 1.75), (-1.6, 1.3)
    fields = (
        ("At the side, level with the hips", above, _from_above),
        ("Low: 0.3 to 1 m above the floor", above, _height),
        ("Feet and raised legs in the picture", below, _picture),
        ("Not from the feet or the head end", below, _not_like_this),
    )
    for i, (title, limits, draw) in enumerate(fields):
        axes = made.add_subplot(grid[i // 2, i % 2])
        axes.set_title(title, size=15, weight="bold", color=INK, pad=6)
        axes.set(xticks=[], yticks=[], aspect="equal", xlim=(-2.0, 2.0), ylim=limits)
        for spine in axes.spines.values():
            spine.set(visible=True, color="#D0D0D0", linewidth=1)
        draw(axes)
    return made


def _limb(axes: Axes, points: Sequence[Point], width: float, colour: str, order: int = 3) -> None:
    """A rounded line of a width in metres."""
    xs, ys = zip(*points, strict=True)
    per_metre = axes.get_window_extent().width / 4.0 * 72 / axes.figure.dpi
    axes.plot(xs, ys, color=colour, lw=width * per_metre, solid_capstyle="round", solid_joinstyle="round", zorder=order)


def _lying_from_above(axes: Axes, x: float, y: float) -> None:
    """Head to the right, the hips at (x, y), hands under the head."""
    axes.add_patch(Rectangle((x - 1.05, y - 0.36), 2.0, 0.72, fc=MAT, ec="none", zorder=1))
    for side in (-1, 1):
        _limb(axes, [(x, y + 0.08 * side), (x - 0.9, y + 0.07 * side)], 0.13, BODY)
        _limb(axes, [(x + 0.47, y + 0.14 * side), (x + 0.6, y + 0.33 * side), (x + 0.74, y + 0.08 * side)], 0.07, BODY)
    _limb(axes, [(x + 0.06, y), (x + 0.42, y)], 0.32, BODY)
    axes.add_patch(Circle((x + 0.74, y), 0.12, color=BODY, ec="white", lw=1.5, zorder=4))


def _camera(axes: Axes, x: float, y: float, towards_deg: float, scale: float = 1.0) -> None:
    """A camera whose lens looks along an angle."""
    along = (cos(radians(towards_deg)), sin(radians(towards_deg)))
    across = (-along[1], along[0])

    def at(forward: float, left: float) -> Point:
        forward, left = forward * scale, left * scale
        return x + forward * along[0] + left * across[0], y + forward * along[1] + left * across[1]

    body = [at(-0.26, 0.15), at(-0.26, -0.15), at(0.02, -0.15), at(0.02, 0.15)]
    lens = [at(0.0, 0.06), at(0.0, -0.06), at(0.12, -0.11), at(0.12, 0.11)]
    for shape in (lens, body):
        axes.add_patch(Polygon(shape, closed=True, fc=INK, ec=INK, joinstyle="round", lw=2, zorder=5))


def _cone(axes: Axes, points: Sequence[Point], alpha: float = 0.35) -> None:
    axes.add_patch(Polygon(list(points), closed=True, fc=VIEW, ec="none", alpha=alpha, zorder=0))


def _measure(axes: Axes, start: Point, end: Point) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "<|-|>", "color": INK, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    )


def _from_above(axes: Axes) -> None:
    _cone(axes, [(0, -1.25), (-1.75, 1.65), (1.75, 1.65)])
    _lying_from_above(axes, 0.0, 1.0)
    _camera(axes, 0.0, -1.38, 90)
    _measure(axes, (0, -1.2), (0, 0.8))
    axes.text(0.12, -0.35, "2 to 3 m", size=17, va="center")
    axes.text(-1.85, -1.58, "from above", size=15, color=GREY)
    axes.text(0.28, -1.4, "camera", size=15, va="center", color=INK)


def _height(axes: Axes) -> None:
    floor = -1.15
    axes.plot([-1.9, 1.9], [floor, floor], color=FLOOR, lw=2.5, zorder=1)
    _cone(axes, [(-1.2, -0.45), (1.9, 1.45), (1.9, floor), (-0.35, floor)])
    axes.add_patch(Rectangle((0.95, floor), 0.75, 0.05, fc=MAT, ec=GREY, lw=0.8, zorder=2))
    axes.add_patch(Ellipse((1.32, floor + 0.19), 0.46, 0.27, color=BODY, zorder=4))
    _limb(axes, [(1.32, floor + 0.2), (1.32, floor + 1.05)], 0.15, GHOST, 3)
    axes.add_patch(Ellipse((1.32, floor + 1.16), 0.16, 0.22, color=GHOST, zorder=3))
    _camera(axes, -1.33, -0.45, 0)
    axes.add_patch(Rectangle((-1.72, -0.63), 0.55, 0.06, color=GREY, zorder=2))
    for x in (-1.66, -1.26):
        axes.plot([x, x], [-0.6, floor], color=GREY, lw=3, zorder=2)
    _measure(axes, (-1.0, floor), (-1.0, -0.45))
    axes.text(-0.9, -0.93, "0.3 to 1 m", size=17, va="center")
    axes.text(0.0, -1.45, "on a chair or a low table", size=15, ha="center", color=GREY)


def _picture(axes: Axes) -> None:
    axes.add_patch(FancyBboxPatch((-1.65, -1.0), 3.3, 2.12, boxstyle="round,pad=0.06", fc="#FBF4E1", ec=INK, lw=4))
    floor = -0.62
    axes.add_patch(Rectangle((-1.35, floor - 0.07), 2.6, 0.07, fc="#C5CCD2", ec="none", zorder=1))
    hip, knee = (0.05, floor + 0.15), (-0.5, floor + 0.12)
    for legs, colour in (
        ([hip, (0.03, 0.1), (0.0, 0.62), (-0.16, 0.74)], GHOST),
        ([hip, knee, (-1.05, floor + 0.09)], BODY),
    ):
        _limb(axes, legs, 0.15, colour, 3 if colour == GHOST else 4)
    _limb(axes, [(-1.08, floor + 0.1), (-1.14, floor + 0.27)], 0.1, BODY, 4)
    _limb(axes, [hip, (0.62, floor + 0.17)], 0.24, BODY, 4)
    _limb(axes, [(0.62, floor + 0.2), (0.78, floor + 0.36), (0.95, floor + 0.12)], 0.08, BODY, 4)
    axes.add_patch(Circle((0.95, floor + 0.2), 0.13, color=BODY, zorder=5))
    turn = [(0.05 + 0.98 * cos(radians(a)), floor + 0.15 + 0.98 * sin(radians(a))) for a in range(170, 103, -2)]
    axes.annotate("", turn[-1], turn[-3], arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 2})
    axes.plot(*zip(*turn[:-1], strict=True), color=GREY, lw=2, ls=(0, (3, 2)))
    axes.text(0.0, -1.34, "room to spare on every side", size=15, ha="center", va="center", color=GREY)


def _not_like_this(axes: Axes) -> None:
    _lying_from_above(axes, 0.03, 0.15)
    for x, towards in ((-1.6, 0), (1.6, 180)):
        _camera(axes, x, 0.15, towards)
        for slope in (-1, 1):
            axes.plot([x - 0.3, x + 0.3], [0.15 - 0.3 * slope, 0.15 + 0.3 * slope], color=WRONG, lw=6, zorder=6)
    axes.text(
        0.0,
        -0.75,
        "seen end-on, the angles\nare only rough",
        size=15,
        ha="center",
        va="center",
        color=GREY,
    )
