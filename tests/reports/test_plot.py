"""The plot is a file of the kind asked for, with all that was counted in it, and of a bearable size."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from support.sessions import counted, tiring
from support.signals import Shape, made

from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.errors import OutputError
from repcount.reports import plot
from repcount.reports.plot import Strip
from repcount.reports.timeline import build_timeline, strips
from repcount.reports.traces import AngleTrace
from repcount.types import Rejection, RejectionReason

Counted = tuple[Analysis, AngleTrace]

BEGINNINGS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.fixture(scope="module")
def session() -> Counted:
    return counted(tiring((8, 8, 6)))


@pytest.fixture(scope="module")
def short() -> Counted:
    return counted(made(Shape(), Shape(top=50.0), Shape(raise_s=1.0), rate_hz=15.0))


@pytest.mark.parametrize("name", ["out.png", "out.SVG", "out.pdf"])
def test_the_ending_says_what_is_drawn(name: str, short: Counted) -> None:
    kind = plot.plot_format(Path(name))
    assert plot.render_plot(kind, [short]).startswith(BEGINNINGS[kind])


@pytest.mark.parametrize("name", ["out.jpg", "out", "-", "png"])
def test_any_other_ending_is_told_before_anything_is_counted(name: str) -> None:
    with pytest.raises(OutputError, match=r"--plot .*\.png, .*\.svg, .*\.pdf"):
        plot.plot_format(Path(name))


def rows_of(counted: Counted) -> list[Figure]:
    """Every row drawn on a page of its own."""
    drawing = build_timeline(*counted)
    figures = []
    for span in strips(drawing, 75.0):
        figures.append(Figure(figsize=(10, 4)))
        Strip(drawing, span, 75.0).draw(figures[-1], 0.2)
    return figures


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_every_rep_has_its_number_and_every_set_its_name(session: Counted) -> None:
    found = [text for figure in rows_of(session) for text in texts(figure)]
    assert [text for text in found if text.isdigit()] == [str(rep.number) for rep in session[0].reps]
    assert [text for text in found if text.startswith("set")] == [
        "set 1: 8 full",
        "set 2: 8 full",
        "set 3: 5 full, 1 partial",
    ]
    assert [text for text in found if text.startswith("pause")] == ["pause 0:45", "pause 0:45"]


def test_partial_reps_are_hatched_and_full_ones_are_not(short: Counted) -> None:
    (figure,) = rows_of(short)
    bands = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    partial = [rep for rep in short[0].reps if not rep.full]
    assert len(bands) == len(partial) == 1
    assert bands[0].get_extents().width > 0


def test_remarks_stand_in_lanes_below(short: Counted) -> None:
    (figure,) = rows_of(short)
    names = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert names == ["higher", "raise slower"]


def test_the_scale_is_there(short: Counted) -> None:
    """The elevation that the tables give."""
    (figure,) = rows_of(short)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0°", "30°", "60°", "90°"]


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.slow
def test_a_long_session_stays_a_picture_that_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour without a pause, ten seconds a rep, with a tenth of the bounds."""
    monkeypatch.setattr(plot, "_MAX_STRIPS", 6)
    monkeypatch.setattr(plot, "_MAX_HEIGHT_PX", 1500)
    rep = counted(made(Shape()))[0].reps[0]
    reps = [
        replace(rep, number=i + 1, start_s=rep.start_s + 10 * i, top_s=rep.top_s + 10 * i, end_s=rep.end_s + 10 * i)
        for i in range(180)
    ]
    analysis = Analysis(Source("long.mp4", 1800.0), Config(), tuple(reps), (), None, 1.0, ())
    assert 1400 < size_of(plot.render_plot("png", [(analysis, AngleTrace())]))[1] <= 1500


@pytest.mark.slow
def test_several_videos_come_below_each_other(short: Counted, session: Counted) -> None:
    alone, other = (size_of(plot.render_plot("png", [each]))[1] for each in (short, session))
    both = size_of(plot.render_plot("png", [short, session]))
    assert both[0] == 1500
    assert max(alone, other) < both[1] < alone + other


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


@pytest.mark.slow
def test_a_pdf_has_sheets(short: Counted, session: Counted) -> None:
    assert sheets(plot.render_plot("pdf", [short])) == 1
    assert sheets(plot.render_plot("pdf", [session, session])) == 2


@pytest.mark.slow
def test_the_same_is_drawn_the_same(short: Counted) -> None:
    for kind in ("svg", "pdf"):
        assert plot.render_plot(kind, [short]) == plot.render_plot(kind, [short])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["$\\frac{$.mp4", "a\nb\x1b[31m.mp4", "\udcff.mp4", "腿举.mp4", "x" * 300, "a b" * 99])
@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_the_name_of_a_file_may_be_anything(kind: str, name: str, short: Counted) -> None:
    analysis = replace(short[0], source=replace(short[0].source, path=name))
    assert plot.render_plot(kind, [(analysis, short[1])]).startswith(BEGINNINGS[kind])


def test_nothing_counted_is_drawn_as_well() -> None:
    refused = (Rejection(2.0, 4.0, RejectionReason.TRUNK_MOVED),)
    for analysis in (
        Analysis(Source("empty.mp4", 0.0), Config(), (), (), None, 0.0, ()),
        Analysis(Source("refused.mp4", 9.0), Config(), (), refused, None, 1.0, ()),
    ):
        assert plot.render_plot("svg", [(analysis, AngleTrace())]).startswith(BEGINNINGS["svg"])


def test_the_styles_of_the_user_do_not_matter_and_are_left_alone(short: Counted) -> None:
    before = plot.render_plot("svg", [short])
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30}):
        assert plot.render_plot("svg", [short]) == before
        assert mpl.rcParams["axes.facecolor"] == "red"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb as the accessibility guidelines reckon it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_two_colours_are_apart_in_grey_too() -> None:
    from repcount.reports.plot import FULL, PARTIAL

    dark, light = sorted(map(luminance, (FULL, PARTIAL)))
    assert (light + 0.05) / (dark + 0.05) > 2


def test_the_libraries_are_loaded_only_when_something_is_drawn() -> None:
    code = (
        "import sys; from repcount.reports import history_html, html, plot, timeline, trends\n"
        "print([name for name in ('matplotlib', 'jinja2', 'cv2', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_no_window_system_is_touched(short: Counted) -> None:
    """Drawing goes past pyplot, which would look for one, and past what is named for it."""
    code = (
        "import sys; from repcount.reports import plot; from repcount.analysis import Analysis, Source\n"
        "from repcount.config import Config; from repcount.reports.traces import AngleTrace\n"
        "plot.render_plot('png', [(Analysis(Source('x', 9.0), Config(), (), (), None, 0.0, ()), AngleTrace())])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    env = {**os.environ, "MPLBACKEND": "none such"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "False"


def test_the_png_is_whole(short: Counted) -> None:
    png = plot.render_plot("png", [short])
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    pixels = zlib.decompress(data)
    width, height = size_of(png)
    assert len(pixels) == height * (1 + 4 * width)
    assert len({pixels[i : i + 4] for i in range(1, 4 * width * 200, 4)}) > 3
