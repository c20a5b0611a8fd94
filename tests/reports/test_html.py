"""The report works as a page: opened in Chromium, by pointer and keys, on a phone, in the dark and on paper."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from math import nan
from pathlib import Path

import cv2
import numpy as np
import pytest
from selenium.webdriver import Keys
from support.browser import DESKTOP, PHONE, Browser, chromium
from support.programs import SAMPLES
from support.sessions import counted, seen, tiring
from support.signals import Shape, made

from repcount.analysis import Analysis, Source
from repcount.config import Config
from repcount.history import progress as history_progress
from repcount.history import totals
from repcount.history.progress import BestSet
from repcount.history.totals import Session
from repcount.reports import findings, history_html
from repcount.reports.html import ReportItem, render_report
from repcount.reports.timeline import build_timeline
from repcount.reports.traces import AngleTrace
from repcount.reports.trend_svg import trend_charts
from repcount.types import AnalysisWarning, Flag, Rejection, RejectionReason, Rep, UnfinishedRep, WarningCode

Save = Callable[..., Path]

HOSTILE = [
    "<script>document.title='owned'</script>.mp4",
    "</script><script>document.title='owned'</script>.mp4",
    "\"onload=\"document.title='owned'\" x='.mp4",
    "{{ 7 * 7 }} {% raw %} ${1} &amp; \\ \u2028.mp4",
    "\u202e4pm.\udcff\x00\n腿举\U0001f9b5.mp4",
    "x" * 2000 + ".mp4",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(page: str) -> Path:
        path = tmp_path / "report.html"
        path.write_text(page, encoding="utf-8", errors="backslashreplace")
        return path

    return write


@cache
def picture() -> bytes:
    fine, jpeg = cv2.imencode(".jpg", np.full((155, 240, 3), 128, np.uint8))
    assert fine
    return bytes(jpeg)


@cache
def session(name: str = "session.mp4") -> ReportItem:
    """Thirty reps in three sets, a picture of each."""
    analysis, curve = counted(tiring((10, 10, 10)), name)
    return ReportItem(analysis, curve, {rep.number: picture() for rep in analysis.reps})


DIM = AnalysisWarning(WarningCode.LOW_CONFIDENCE, recorded="it was dim")
REJECTED = AnalysisWarning(WarningCode.MOVEMENTS_REJECTED, {"movements": 5, "trunk_moved": 1})


@cache
def short() -> ReportItem:
    """A full, a partial and a fast rep, with something of everything else."""
    shapes = (Shape(), Shape(top=50.0), Shape(raise_s=0.9, lower_s=1.0), Shape())
    analysis, curve = counted(seen(made(*shapes, rate_hz=15.0)), "short.mp4", Config(tempo="1.8/0/2/0"))
    refusal = Rejection(1.0, 2.0, RejectionReason.TRUNK_MOVED)
    everything = replace(analysis, rejections=(refusal,), unfinished=UnfinishedRep(25.0), warnings=(DIM, REJECTED))
    return ReportItem(everything, curve, {rep.number: picture() for rep in analysis.reps})


def history(days: int = 60) -> str:
    rng, today = random.Random(4), date(2026, 5, 31)
    sessions = []
    for back in range(0, days, 2):
        started = datetime(2026, 5, 31, 18, tzinfo=UTC) - timedelta(days=back)
        rep = short().analysis.reps[0]
        reps = [
            replace(rep, number=i, full=rng.random() < 0.8, set=1 + i // 20) for i in range(1, rng.randint(50, 120))
        ]
        sessions.append(Session(back + 1, started, None, "camera 0", "3x20", Config(), tuple(reps)))
    return render_history(sessions[::-1], first=today - timedelta(days=days - 1), today=today, person="Anna")


def render_history(sessions: list[Session], first: date, today: date, person: str = "") -> str:
    """The page of the history, with the progress that follows from these sessions alone."""
    days = [day.first for day in totals.by_day(sessions)]
    best = BestSet(20, days[-1]) if days else None
    progress = history_progress.progress(sessions, days, best, None, today)
    return history_html.render_history_report(sessions, progress, first=first, today=today, limit=100, person=person)


PAGES: dict[str, Callable[[], str]] = {
    "session": lambda: render_report([session()]),
    "several": lambda: render_report([session(), short()], made="today"),
    "nothing": lambda: render_report(
        [ReportItem(Analysis(Source("x.mp4", 9.0), Config(), (), (), None, 0.0, ()), AngleTrace())]
    ),
    "history": history,
    "no history": lambda: render_history([], first=date(2026, 5, 1), today=date(2026, 5, 31)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE, (700, 800)])
def test_it_opens_without_a_complaint_or_a_request_and_fits_the_screen(
    kind: str, size: tuple[int, int], browser: Browser, save: Save
) -> None:
    page = save(PAGES[kind]())
    browser.open(page, size)
    assert browser.complaints() == []
    assert {address.partition(";")[0] for address in browser.requests()} <= {page.as_uri(), "data:image/jpeg"}
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_everybody_can_read_it(kind: str, size: tuple[int, int], dark: bool, browser: Browser, save: Save) -> None:
    """Labels, contrast, structure and keyboard, by the rules of axe-core."""
    browser.open(save(PAGES[kind]()), size, dark=dark)
    assert browser.violations() == []


@pytest.mark.slow
def test_the_dark_is_dark(browser: Browser, save: Save) -> None:
    page = save(render_report([short()]))
    shades = []
    for dark in (False, True):
        browser.open(page, dark=dark)
        shades.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    light, dark_shade = (sum(map(int, re.findall(r"\d+", shade)[:3])) for shade in shades)
    assert light > 700
    assert dark_shade < 120


@pytest.mark.slow
def test_nothing_can_leave_the_page(browser: Browser, save: Save) -> None:
    """The browser itself forbids it, whatever might get into the page."""
    browser.open(save(render_report([short()])))
    blocked = browser.driver.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));"
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}));"
    )
    assert blocked == "img-src"


def text_of(browser: Browser) -> str:
    return str(browser.one(".tip").text)


@pytest.mark.slow
def test_pointing_at_a_rep_tells_about_it(browser: Browser, save: Save) -> None:
    browser.open(save(render_report([short()])))
    assert browser.all(".tip") == []
    bands = browser.all(".strip .rep")
    assert len(bands) == 4
    browser.point_at(bands[1])
    assert text_of(browser).startswith("Rep 2: partial: higher\nStarts at 0:0")
    assert "Raise " in text_of(browser)
    assert str(browser.one(".tip img").get_attribute("src")).startswith("data:image/jpeg;base64,")
    assert browser.one("tr.on").text.startswith("2 partial")
    browser.point_at(browser.one(".verdict"))
    assert browser.all(".tip") == browser.all("tr.on") == []


@pytest.mark.slow
def test_pointing_at_a_row_shows_its_rep_in_the_plot(browser: Browser, save: Save) -> None:
    browser.open(save(render_report([short()])))
    browser.point_at(browser.all("table.reps tbody tr")[2])
    label = str(browser.one(".strip .rep.on").get_attribute("aria-label"))
    assert label.startswith("Rep 3: full: slower")


def focused(browser: Browser) -> str:
    return str(browser.driver.switch_to.active_element.get_attribute("aria-label") or "")


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_reps_are_one_stop_and_arrows_go_through_them(size: tuple[int, int], browser: Browser, save: Save) -> None:
    browser.open(save(render_report([session()])), size)
    browser.press(Keys.TAB)
    assert focused(browser).startswith("Rep 1: full")
    browser.press(Keys.ARROW_RIGHT)
    assert text_of(browser).startswith("Rep 2: full")
    browser.press(Keys.END)
    assert focused(browser).startswith("Rep 30")
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert focused(browser).startswith("Rep 29: partial")
    assert text_of(browser).startswith("Rep 29: partial")
    browser.press(Keys.ESCAPE)
    assert browser.all(".tip") == []
    browser.press(Keys.HOME, Keys.TAB)
    assert not focused(browser).startswith("Rep")


def column(browser: Browser, name: str) -> list[str]:
    heads = [head.text.partition("\N{NO-BREAK SPACE}")[0] for head in browser.all("table.sorted thead th")]
    at = heads.index(name)
    return [row.find_elements("css selector", "th, td")[at].text for row in browser.all("table.sorted tbody tr")]


@pytest.mark.slow
def test_the_table_sorts_both_ways_by_pointer_and_by_key(browser: Browser, save: Save) -> None:
    browser.open(save(render_report([session()])))
    head = next(each for each in browser.all("thead button") if each.text == "lower s")
    head.click()
    shown = [float(text) for text in column(browser, "lower s")]
    assert shown == sorted(shown)
    assert shown[0] < shown[-1]
    assert browser.one("th[aria-sort]").text.startswith("lower s")
    assert browser.one("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    browser.press(Keys.ENTER)
    assert [float(text) for text in column(browser, "lower s")] == shown[::-1]
    assert browser.one("th[aria-sort]").get_attribute("aria-sort") == "descending"
    next(each for each in browser.all("thead button") if each.text == "verdict").click()
    assert column(browser, "verdict")[-1].startswith("partial")


@pytest.mark.slow
def test_what_is_not_known_sorts_last(browser: Browser, save: Save) -> None:
    browser.open(save(render_report([short()])))
    head = next(each for each in browser.all("thead button") if each.text == "pause s")
    for _ in range(2):
        head.click()
        assert column(browser, "pause s")[-1] == "–"


@pytest.mark.slow
def test_the_days_sort(browser: Browser, save: Save) -> None:
    browser.open(save(history()))
    next(each for each in browser.all("thead button") if each.text == "full").click()
    shown = [int(text) for text in column(browser, "full")]
    assert shown == sorted(shown)


@pytest.mark.slow
def test_clicking_a_rep_seeks_the_video_beside(browser: Browser, save: Save, tmp_path: Path) -> None:
    name = "a #1? 100% 'é'.mp4"
    shutil.copy(SAMPLES / "07_fast_reps.mp4", tmp_path / name)
    analysed = short()
    browser.open(save(render_report([replace(analysed, video=name)])))
    browser.until(lambda: browser.run("return document.querySelector('video').readyState > 0"))
    browser.all(".strip .rep")[2].click()
    at_s = analysed.analysis.reps[2].start_s
    assert browser.run("return document.querySelector('video').currentTime") == pytest.approx(at_s, abs=0.01)
    browser.press(Keys.ARROW_LEFT, Keys.ENTER)
    at_s = analysed.analysis.reps[1].start_s
    assert browser.run("return document.querySelector('video').currentTime") == pytest.approx(at_s, abs=0.01)
    browser.until(lambda: browser.run("return document.querySelector('.medium .now').style.visibility === 'visible'"))
    # It is seen while it seeks: wholly in the window, beside the chart.
    video, chart = (
        browser.run(f"return document.querySelector('{name}').getBoundingClientRect().toJSON()")
        for name in ("video", ".medium svg")
    )
    assert 0 <= video["top"] < video["bottom"] <= DESKTOP[1]
    assert chart["right"] <= video["left"] < video["right"] <= DESKTOP[0]
    browser.all(".pictures a")[3].click()
    at_s = analysed.analysis.reps[3].start_s
    assert browser.run("return document.querySelector('video').currentTime") == pytest.approx(at_s, abs=0.01)
    assert browser.run("return document.querySelector('video').getBoundingClientRect().top") >= 0


@pytest.mark.slow
def test_on_a_phone_the_video_stays_in_sight_above_the_chart(browser: Browser, save: Save, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "07_fast_reps.mp4", tmp_path / "a.mp4")
    browser.open(save(render_report([replace(session(), video="a.mp4")])), PHONE)
    last = browser.all(".narrow .strip .rep")[-1]
    last.click()
    video, rep = (
        browser.run("return arguments[0].getBoundingClientRect().toJSON()", each)
        for each in (browser.one("video"), last)
    )
    assert 0 <= video["top"] < video["bottom"] <= rep["top"] < PHONE[1]


@pytest.mark.slow
def test_a_video_that_is_not_there_is_told(browser: Browser, save: Save) -> None:
    browser.open(save(render_report([replace(short(), video="gone.mp4")])))
    browser.until(lambda: not browser.all("video"))
    assert any("gone.mp4: the video is not where it was" in each.text for each in browser.all("p.small"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["session", "history"])
def test_it_prints_on_two_pages(kind: str, browser: Browser, save: Save) -> None:
    browser.open(save(PAGES[kind]()), dark=True)
    assert browser.pages_printed() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_file_may_be_anything(name: str, browser: Browser, save: Save) -> None:
    warning = AnalysisWarning(WarningCode.LOW_CONFIDENCE, recorded=name)
    hostile = replace(short().analysis, source=replace(short().analysis.source, path=name), warnings=(warning,))
    page = save(render_report([replace(short(), analysis=hostile, video=name)], made=name))
    browser.open(page, PHONE)
    assert browser.run("return document.title").startswith("Leg raises: ")
    assert browser.run("return document.scripts.length") == 1
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    browser.press(Keys.TAB)
    assert focused(browser).startswith("Rep 1")


class _Texts(HTMLParser):
    """The text of a page, without style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in {"style", "script"} and data.strip():
            self.found.append(" ".join(data.split()))


def texts(page: str) -> list[str]:
    parser = _Texts()
    parser.feed(page)
    return parser.found


def test_it_says_what_was_counted_and_what_was_not() -> None:
    found = texts(render_report([short()], made="2026-11-23"))
    assert "3 of 4 reps were full; 1 did not come upright; 1 was faster than asked." in found
    assert "0:01–0:02: the trunk came up with the legs" in found
    assert "0:25: the end of the recording cuts it off" in found
    assert "it was dim" in found
    assert "tempo 1.8/0/2/0" in found
    assert any("repcount" in text and "mediapipe" in text and "2026-11-23" in text for text in found)


def test_it_says_whose_it_is_and_from_when_and_has_room_for_a_comment() -> None:
    page = render_report([replace(short(), recorded=date(2026, 11, 2))], person="Ann & Co")
    assert '<p class="soft whose"><bdi>Ann &amp; Co</bdi>, recorded on 2026-11-02</p>' in page
    assert 'class="comment" contenteditable="true"' in page
    assert 'class="soft whose"' not in render_report([short()])


@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        ([(Flag.SHORT_TOP,), (Flag.SHORT_TOP, Flag.FAST_RAISE), ()], "Next time: higher (2 of 3)"),
        ([(Flag.FAST_RAISE, Flag.FAST_LOWER), (Flag.FAST_RAISE, Flag.FAST_LOWER)], "Next time: slower (2 of 2)"),
        ([(Flag.FAST_LOWER,), ()], "Next time: lower slower (1 of 2)"),
        ([(Flag.FAST_LOWER,), (Flag.FAST_RAISE,)], "Next time: slower (2 of 2)"),
        ([(Flag.FAST_LOWER,), (Flag.BENT_KNEES, Flag.FAST_LOWER)], "Next time: legs straight (1 of 2)"),
        ([(Flag.SHORT_TOP,), *[(Flag.FAST_LOWER,)] * 4], "Next time: higher (1 of 5)"),
        ([(Flag.SHORT_TOP,), *[(Flag.FAST_LOWER,)] * 5], "Next time: lower slower (5 of 6)"),
        ([(Flag.SHORT_TOP,), *[()] * 5], "Next time: higher (1 of 6)"),
        ([(Flag.HANDS_OFF_HEAD, Flag.LOW_CONFIDENCE), (Flag.BY_HAND,)], ""),
        ([()], ""),
        ([], ""),
    ],
)
def test_what_most_of_the_reps_lacked_is_the_advice(flags: list[tuple[Flag, ...]], advice: str) -> None:
    rep = short().analysis.reps[0]
    reps = tuple(replace(rep, number=i, flags=each) for i, each in enumerate(flags, 1))
    assert findings.advice(replace(short().analysis, reps=reps)) == advice


def test_videos_without_a_result_are_named() -> None:
    page = render_report([session(), short()], uncounted=[("a<b.mp4", "a<b.mp4 is empty"), ("c.mp4", "")])
    found = texts(page)
    at = found.index("Videos without a result")
    assert found[at + 1 : at + 4] == ["a<b.mp4", ": a<b.mp4 is empty", "c.mp4"]
    assert "Videos without a result" not in texts(render_report([session(), short()]))


def test_what_acts_or_is_invisible_in_a_text_is_escaped() -> None:
    page = render_report([session()], uncounted=[("a\u202e\x1b\u200b<b.mp4", "it is \x07\u2066")])
    assert r"a\u202e\x1b\u200b&lt;b.mp4" in page
    assert not any(character in page for character in "\u202e\x1b\u200b\x07\u2066")


@pytest.mark.parametrize("tempo", ["2/0/2/0", "3/0/1/0", "30/0/30/0"])
def test_the_tempo_chart_has_a_band_from_slow_enough_on(tempo: str) -> None:
    """It begins at the dashed level of the raise and of the lower, and ends with the chart."""
    analysis, curve = counted(seen(made(Shape(), Shape(), rate_hz=15.0)), "short.mp4", Config(tempo=tempo))
    chart = trend_charts(build_timeline(analysis, curve), analysis.settings).tempo
    levels = [float(path.partition(",")[2].partition("H")[0]) for path in chart.levels]
    (top, up), (level, down) = chart.targets
    assert (top + up, level) == pytest.approx(tuple(levels), abs=0.1)
    assert (top, level + down) == pytest.approx((8.0, chart.bottom), abs=0.1)
    assert render_report([ReportItem(analysis, curve)]).count('class="target"') == 2


def test_without_pictures_nobody_is_in_the_file() -> None:
    assert "data:image" in render_report([session()])
    assert "data:image" not in render_report([replace(session(), thumbnails={})])


def test_several_videos_have_a_list_of_contents() -> None:
    page = render_report([session("one.mp4"), short()])
    assert '<a href="#v1"><bdi>one.mp4</bdi></a>' in page
    assert '<section class="one" id="v2"' in page
    assert len(set(re.findall(r' id="([^"]+)"', page))) == len(re.findall(r' id="([^"]+)"', page))


def test_a_rep_by_hand_has_its_place() -> None:
    unknown = {"raise_s": nan, "hold_s": nan, "lower_s": nan, "top_flexion_deg": nan, "rest_flexion_deg": nan}
    by_hand = Rep(
        7, 1, 9.0, 9.0, 9.0, pause_s=None, knee_deg=nan, full=True, flags=(Flag.BY_HAND,), confidence=nan, **unknown
    )
    analysis = Analysis(Source("live", 20.0), Config(), (by_hand,), (), None, 1.0, ())
    page = render_report([ReportItem(analysis, AngleTrace())])
    assert "Rep 7: full: by hand. Starts at 0:09" in page
    assert "nan" not in re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)


@pytest.mark.slow
def test_an_hour_is_a_file_of_a_bearable_size() -> None:
    analysis, curve = counted(tiring((12,) * 6), "long.mp4")
    assert len(render_report([ReportItem(analysis, curve)])) < 600_000


class TestHistory:
    def test_it_sums_up_the_days(self) -> None:
        found = texts(history(14))
        message = next(text for text in found if "today" in text and "full reps on" in text)
        assert re.fullmatch(r"\d+ full reps on 7 of 14 days; today \d+ of 100(; more than 100 on \d days?)?\.", message)

    def test_a_day_over_the_limit_is_marked(self) -> None:
        rep = short().analysis.reps[0]
        started = datetime(2026, 5, 31, 18, tzinfo=UTC)
        many = tuple(replace(rep, number=i, full=True) for i in range(1, 102))
        done = Session(1, started, None, "camera 0", "", Config(), many)
        page = render_history([done], first=date(2026, 5, 25), today=date(2026, 5, 31))
        assert "101 full reps on 1 of 7 days; today 101 of 100; more than 100 on 1 day." in texts(page)
        assert page.count('<span class="over">▲</span>') == 2

    def test_it_tells_a_clear_change(self) -> None:
        rep = short().analysis.reps[0]
        sessions = []
        for day in range(1, 11):
            reps = (replace(rep, raise_s=1.5 + 0.1 * day, lower_s=2.0, full=True),)
            started = datetime(2026, 5, day, 18, tzinfo=UTC)
            sessions.append(Session(day, started, None, "camera 0", "", Config(), reps))
        page = render_history(sessions, first=date(2026, 5, 1), today=date(2026, 5, 10))
        assert "The reps got 25% slower, from 3.6 to 4.5 s, as the exercise asks." in " ".join(texts(page))
        assert page.count("✓ good:") == 1
