"""Other languages: every text is translated, fits the window and has letters that can be drawn; a voice speaks it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from itertools import combinations
from math import hypot, nan
from pathlib import Path
from string import Formatter
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.programs import ROOT, SAMPLES, Cli, load_script, run_process

from repcount import language, messages
from repcount.analysis import Analysis, Source
from repcount.audio.synthesis import SpeechSynthesizer, VoiceError
from repcount.coaching import phrases
from repcount.coaching.events import FATIGUE_CUES, PACE_CUES, PARTIAL_CUES, Announcement, Cue, SessionStatus, Stage
from repcount.coaching.summary import Summary
from repcount.config import Config
from repcount.display import fonts, overlay, screen, widgets
from repcount.display.live_terminal import rep_line, status_line
from repcount.display.table import print_analysis
from repcount.errors import SettingError
from repcount.reports.html import ReportItem, render_report
from repcount.reports.traces import AngleTrace
from repcount.types import AnalysisWarning, Flag, Phase, Rep, WarningCode

OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]

REP = Rep(1, 1, 0.6, 2.6, 5.0, 2.0, 0.4, 2.0, 1.25, 90.0, 4.0, 170.0, True, (), 0.95)
PARTIAL = replace(REP, number=2, full=False, flags=(Flag.SHORT_TOP, Flag.FAST_RAISE, Flag.FAST_LOWER))
MANY_FAULTS = replace(PARTIAL, flags=(Flag.SHORT_BOTTOM, Flag.BENT_KNEES, Flag.LEGS_APART))


@pytest.fixture(scope="module")
def make_catalogues() -> ModuleType:
    return load_script(ROOT / "docs" / "make_catalogues.py")


# --- catalogues --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", OTHERS)
def test_everything_is_translated_and_compiled(code: str, make_catalogues: ModuleType) -> None:
    catalogue = make_catalogues.updated(code)
    assert make_catalogues.untranslated(catalogue) == []
    po, mo = make_catalogues.po_and_mo(catalogue)
    path = make_catalogues.path_of(code)
    expected = "run python docs/make_catalogues.py"
    assert (path.read_bytes(), path.with_suffix(".mo").read_bytes()) == (po, mo), expected


@pytest.mark.slow
@pytest.mark.parametrize("code", OTHERS)
def test_translations_have_the_places_of_their_english(code: str, make_catalogues: ModuleType) -> None:
    """The same names in braces with the same formats; singular forms may spell their number out."""
    for message in make_catalogues.updated(code):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if ids[0]:
            assert {frozenset(places(text)) for text in strings} == {frozenset(places(ids[-1]))}, ids


def places(text: str) -> set[tuple[str, str]]:
    return {(name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None}


def test_a_wheel_has_the_catalogues() -> None:
    """They are in the repository, compiled, and nothing that builds a wheel leaves them out."""
    for code in OTHERS:
        assert (ROOT / "repcount" / "locale" / code / "LC_MESSAGES" / "repcount.mo").is_file()
    assert ".mo" not in (ROOT / ".gitignore").read_text(encoding="utf-8")


# --- which language ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "C", "LANGUAGE": "nl:de"}, "en"),
        ({"LANGUAGE": "zh_TW:de"}, "zh"),
        ({"LANG": "nl_NL.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_system(variables: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, variables.get(name, ""))
    assert language.system_language() == code


def test_an_unknown_language_is_refused(cli: Cli) -> None:
    with pytest.raises(SettingError, match="'xx'; it must be one of en, de"):
        language.choose("xx")
    result = cli("recount", "signal.csv", "--language", "xx")
    assert result.code == 2
    assert "'hi'" in result.err


def test_the_table_is_translated_and_the_data_is_not(cli: Cli, tmp_path: Path) -> None:
    signal = tmp_path / "signal.csv"
    signal.write_text("time_s,hip_deg\n" + "".join(f"{i / 10},180\n" for i in range(30)), encoding="utf-8")
    expected = cli("recount", signal, "--language", "de", "--json", tmp_path / "reps.json")
    assert "0 volle Wiederholungen in 2,9 s" in expected.out
    assert cli("recount", signal, "--language", "en", "--json", "-").out == (tmp_path / "reps.json").read_text()


def test_plurals_and_numbers() -> None:
    for code, one, several, seconds in (("de", "1 volle Wiederholung", "5 volle Wiederholungen", "2,5"),
                                        ("fr", "1 répétition complète", "5 répétitions complètes", "2,5"),
                                        ("ja", "完全 1 回", "完全 5 回", "2.5")):  # fmt: skip
        with language.using(code):
            assert table_of(REP).startswith(one)
            assert table_of(*[REP] * 5).startswith(several)
            assert language.number(2.5, 1) == seconds


def table_of(*reps: Rep) -> str:
    file = io.StringIO()
    print_analysis(Analysis(Source("video.mp4", 30.0), Config(), reps, (), None, nan, ()), file)
    return file.getvalue().splitlines()[len(reps) + 2]


# --- nothing in English ------------------------------------------------------------------------------------


class Asked:
    """Stands in for a catalogue, and keeps what is looked up."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    def gettext(self, text: str) -> str:
        self.texts.add(text)
        return "⟦" + re.sub(r"[a-zA-Z](?![^{]*})", "x", text) + "⟧"

    def ngettext(self, one: str, several: str, number: int) -> str:
        return self.gettext(several)

    def pgettext(self, context: str, text: str) -> str:
        return text


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A language in which every letter is an x."""
    made = Asked()
    monkeypatch.setattr(language, "catalogue", lambda _: made)
    return made


PROBLEMS = [cue for cue in Cue if cue in phrases._INSTRUCTIONS or cue in (Cue.HEAD_OUT, Cue.FEET_OUT, Cue.TOO_FAR)]

STATUSES = [
    SessionStatus(Stage.PLACING, problem=problem)
    for problem in (*PROBLEMS, None)
] + [
    SessionStatus(
        stage, phase=phase, full=12, partial=3, target=30, set=2, sets=3, session=42, today=99, day_limit=100,
        last=last, lift_deg=40.0, upright_deg=67.0, back_deg=20.0, rest_left_s=42.0 if stage is Stage.REST else nan,
        camera_hz=30.0, analysed_hz=15.0,
    )
    for stage in Stage
    for phase, last in ((Phase.RAISE, REP), (Phase.LOWER, PARTIAL), (Phase.PAUSE, MANY_FAULTS))
]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: str(status.stage))
def test_the_window_asks_the_catalogue_for_every_word(
    status: SessionStatus, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {text for text, *_ in drawn_texts(status, monkeypatch)} - set(phrases.BUTTONS)
    assert [text for text in drawn if re.search("[a-wyzA-WYZ]", text)] == []


def test_every_cue_is_asked_for(asked: Asked) -> None:
    for cue in Cue:
        for text in (phrases.spoken_text(Announcement(cue, 2)), phrases.shown_text(Announcement(cue, 2))):
            assert not re.search("[a-wyzA-WYZ]", text), cue


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: str(status.stage))
def test_the_terminal_asks_the_catalogue_for_every_word(status: SessionStatus, asked: Asked) -> None:
    """But for the units."""
    for line in (status_line(status), rep_line(REP), rep_line(PARTIAL)):
        assert re.findall("[a-wyzA-WYZ]+", line.replace(" s ", "")) == [], line


def test_the_report_asks_the_catalogue_for_every_word(asked: Asked) -> None:
    """What stays English: the names of settings and packages, and units."""
    analysis = Analysis(Source("7", 30.0, 640, 480, 300, 200), Config(), (REP, PARTIAL, REP), (), None, 0.9, ())
    page = re.sub(r"<(script|style).*?</\1>", " ", render_report([ReportItem(analysis, AngleTrace())]), flags=re.DOTALL)
    body = page.partition("<body>")[2]
    footer = body.partition("</main>")[2]
    names = {*re.findall(r"[a-zA-Z]+", footer.partition("</p>")[0]), *(item.name for item in fields(Config))}
    text = re.sub(r"<[^>]*>", " ", body) + " ".join(re.findall(r'(?:aria-label|title)="([^"]*)"', body))
    words = set(re.findall(r"[a-zA-Z_]{2,}", text)) - names
    assert {word for word in words if set(word.lower()) != {"x"}} == set()


# --- the window --------------------------------------------------------------------------------------------


Drawn = tuple[str, int, int, int]
"""Text, left, width and font size in pixels."""


def drawn_texts(
    status: SessionStatus, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = (1280, 720)
) -> list[Drawn]:
    """All text of the window, of the panel on a video and of the summary, without drawing it."""
    drawn: list[Drawn] = []

    def draw_text(
        image: object, text: str, at: tuple[int, int], size_px: int, colour: object, weight: int = 400
    ) -> None:
        drawn.append((text, at[0], widgets.text_width(text, size_px, weight), size_px))

    before = Summary(18, 4, 2, 12, 1.9, 2.0)
    screen._ground.cache_clear()  # the buttons, which are drawn once
    with monkeypatch.context() as patched:
        patched.setattr(widgets, "draw_text", draw_text)
        overlay.draw_overlay(np.zeros((size[1], size[0], 3), np.uint8), None, "", status)
        for cue in (Cue.DAY_LIMIT, Cue.LAST_FIVE):
            screen.draw(size, None, None, "", status, Announcement(cue, 100))
        for best in (16, 42):
            screen.draw_summary(size, Summary(24, 2, 3, 9, 1.8, 2.1, before, best_full=best))
    return [each for each in drawn if each[0]]


LEAST_PX = 15
"""Text that is too long for its place is drawn smaller. In a window of 1280 by 720 pixels the smallest planned text, of
22 px, is for reading at the desk; this size still is. Heuristic."""


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("code", language.LANGUAGES)
def test_every_text_fits_its_place_in_the_window(
    code: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with language.using(code):
        if fonts.font_problem():
            pytest.skip("there is no font for it here")
        for status in STATUSES:
            for text, left, width, size_px in drawn_texts(status, monkeypatch, size):
                assert left >= -20, text  # a large digit begins a little left of its place
                assert left + width <= size[0], text
                assert size_px >= LEAST_PX, text


WINDOWS = [
    *(((640, 480), 4 / 3), ((640, 480), 9 / 16), ((1280, 720), 16 / 9), ((1280, 720), 9 / 16)),
    *(((1920, 1080), 9 / 16), ((480, 640), 16 / 9), ((720, 1280), 16 / 9), ((720, 1280), 9 / 16)),
    *(((1080, 1920), 16 / 9), ((1080, 1920), 9 / 16)),
]
"""Sizes of the window, and the width by height of the picture."""


def places_of_texts(
    size: tuple[int, int], of: float, status: SessionStatus, cue: Announcement | None, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, widgets.Box]]:
    """Each text of the window at a picture of that width by height, and where its letters are."""
    drawn: list[tuple[str, widgets.Box]] = []

    def draw_text(
        image: object, text: str, at: tuple[int, int], size_px: int, colour: object, weight: int = 400
    ) -> None:
        top = at[1] - round(screen.CAPITAL_SHARE * size_px)
        box = widgets.Box(at[0], top, widgets.text_width(text, size_px, weight), at[1] - top)
        drawn.extend([(text, box)] if text.strip() else [])

    picture = np.zeros((180, round(180 * of), 3), np.uint8)
    with monkeypatch.context() as patched:
        patched.setattr(widgets, "draw_text", draw_text)
        screen.draw(size, picture, None, "", status, cue)
    return drawn


@pytest.mark.slow
@pytest.mark.parametrize(("size", "of"), WINDOWS)
def test_no_text_of_a_window_covers_another_and_none_is_left_out(
    size: tuple[int, int], of: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every language: neither the partial reps, for which a long phase has no room beside it, nor what to do now,
    nor of a rep how long both ways took, nor the day's count.
    """
    for code in language.LANGUAGES:
        with language.using(code):
            screen._ground.cache_clear()  # the buttons, which are drawn once
            for status in [] if fonts.font_problem() else STATUSES:
                cue = Announcement(Cue.ALL_THE_WAY_DOWN)
                room = screen.layout(*size, of, len(phrases.BUTTONS), screen.cue_text(status, cue)[0])
                texts = places_of_texts(size, of, status, cue, monkeypatch)
                for (one, first), (other, second) in combinations(texts, 2):
                    assert not overlap(first, second), (code, one, other)
                for text, box in texts:
                    assert any(inside(box, place) for place in (room.panel, room.cue, *room.buttons)), (code, text, box)
                whole = phrases.instructions(status)
                heights = {box.height for text, box in texts if text.strip() in whole and inside(box, room.panel)}
                assert len(heights) <= 1, (code, "the lines of the instructions differ in size")
                drawn = "".join(text for text, _ in texts).replace(" ", "")
                partial = phrases.partial_text(status) if status.stage is Stage.COUNTING else ""
                asked = [partial, phrases.instructions(status), phrases.set_title(status), phrases.today_text(status)]
                if status.last is not None and status.stage in (Stage.COUNTING, Stage.REST):
                    asked.append(phrases.advice_for(status.last) or phrases.rep_times(status.last))
                for text in asked:
                    assert text.replace(" ", "") in drawn, (code, text)


def places_of_cue(
    size: tuple[int, int], of: float, cue: Cue, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, widgets.Box]]:
    """Each line of a cue in a window, and where its letters are; a capital is as high as the box."""
    status = SessionStatus(Stage.COUNTING)
    places_of_texts(size, of, status, None, monkeypatch)  # the buttons, which are drawn once
    others = places_of_texts(size, of, status, None, monkeypatch)
    return places_of_texts(size, of, status, Announcement(cue, 100), monkeypatch)[len(others) :]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "of"), WINDOWS)
def test_every_cue_of_every_language_is_whole_and_in_its_place(
    size: tuple[int, int], of: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [cue for cue in Cue if cue not in (Cue.COUNT, Cue.COUNTDOWN)]
    for code in language.LANGUAGES:
        with language.using(code):
            for cue in [] if fonts.font_problem() else shown:
                lines = places_of_cue(size, of, cue, monkeypatch)
                text = phrases.shown_text(Announcement(cue, 100))
                place = screen.layout(*size, of, len(phrases.BUTTONS), text).cue
                assert "".join(line for line, _ in lines).replace(" ", "") == text.replace(" ", ""), (code, cue)
                assert all(inside(box, place) for _, box in lines), (code, cue, lines)
                assert not any(overlap(one, other) for (_, one), (_, other) in combinations(lines, 2)), (code, cue)


@pytest.mark.slow
@pytest.mark.parametrize("of", [16 / 9, 9 / 16], ids=["landscape", "upright"])
@pytest.mark.parametrize("screen_px", [(1366, 768), (2560, 1600)], ids="{0[0]}x{0[1]}".format)
def test_what_is_said_of_reps_and_sets_is_large_enough_in_every_language(
    screen_px: tuple[int, int], of: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Capitals of 1.5 cm on a screen of 13.3 inches, for three metres. Whole sentences are smaller, such as what is
    wrong with the camera, and so is what is seldom said where the picture is upright.
    """
    asked = PARTIAL_CUES | PACE_CUES
    if of > 1:
        asked |= FATIGUE_CUES | {Cue.HALFWAY, Cue.LAST_FIVE, Cue.LAST_ONE, Cue.SET_DONE, Cue.REST_OVER}
    cm_per_px = 2.54 * 13.3 / hypot(*screen_px)
    size = (screen_px[0], round(0.9 * screen_px[1]))
    for code in language.LANGUAGES:
        with language.using(code):
            for cue in [] if fonts.font_problem() else asked:
                for text, box in places_of_cue(size, of, cue, monkeypatch):
                    assert box.height * cm_per_px >= 1.49, (code, text)


def overlap(one: widgets.Box, other: widgets.Box) -> bool:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    return across > 1 and min(one.top + one.height, other.top + other.height) - max(one.top, other.top) > 0


def inside(box: widgets.Box, place: widgets.Box) -> bool:
    """Not for descenders, nor for the blank space before a large digit."""
    right, bottom = box.left + box.width, box.top + box.height
    across = place.left <= box.left + 2 and right <= place.left + place.width + 1
    return across and place.top <= box.top and bottom <= place.top + place.height


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code in language.LANGUAGES if code != "hi"])
def test_the_font_of_the_window_has_all_letters(code: str, make_catalogues: ModuleType) -> None:
    """A letter that it lacks is drawn as a question mark."""
    catalogue = make_catalogues.updated(code) if code != language.ENGLISH else []
    letters = set("".join(str(message.string) for message in catalogue if message.id)) - set("? \n\\")
    unknown = picture("?")
    assert [letter for letter in sorted(letters) if np.array_equal(picture(letter), unknown)] == []


def picture(letter: str) -> NDArray[np.uint8]:
    image = np.zeros((40, 40, 3), np.uint8)
    cv2.putText(image, letter, (4, 30), (255, 255, 255), cv2.FontFace("sans"), 28, 400)
    return image


def test_hindi_is_shaped_and_clipped_at_the_edges() -> None:
    with language.using("hi"):
        if fonts.font_problem():
            pytest.skip("there is no font for it here")
        image = np.zeros((60, 300, 3), np.uint8)
        widgets.draw_text(image, "पैर सीधे रखें", (10, 40), 32, (255, 255, 255))
        assert 10 <= np.flatnonzero(image.any(axis=(0, 2))).min() < 20
        assert np.flatnonzero(image.any(axis=(0, 2))).max() <= 10 + widgets.text_width("पैर सीधे रखें", 32)
        for at in ((-50, 10), (290, 70), (-500, 30), (10, -100)):
            widgets.draw_text(image, "पैर सीधे रखें", at, 32, (255, 255, 255))
    # Joined, "कि" is narrower than the two letters beside each other.
    assert fonts.shaped_width("क्ष", 40, 400) < fonts.shaped_width("क", 40, 400) + fonts.shaped_width("ष", 40, 400)


def test_without_a_font_the_window_is_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_files", lambda: None)
    with language.using("hi"):
        assert fonts.drawable_language() == "en"
        assert "fonts-noto-core" in str(fonts.font_problem())
        drawing = fonts.in_drawable_language(drawn_texts)
        drawn = [text for text, *_ in drawing(replace(STATUSES[-1], stage=Stage.COUNTING), monkeypatch)]
        assert any("Set 2 of 3" in text for text in drawn)
        assert phrases.stage_text(Stage.PAUSED) == "रुका हुआ"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("カメラを体の横に置いてください", ["カメラを体の横に", "置いてください"]),
        ("カメラが切れました、再試行します", ["カメラが", "切れました、", "再試行します"]),
        ("画面に。人がいます", ["画面に。人がいます"]),
        ("看到两个人，只数其中一人", ["看到两个人，只数其", "中一人"]),
        ("go on", ["go on"]),
    ],
)
def test_chinese_breaks_between_letters_and_japanese_between_phrases(text: str, lines: list[str]) -> None:
    assert widgets.wrap_text(text, 40, 400, 380, 3) == lines


# --- the voice ---------------------------------------------------------------------------------------------


@pytest.fixture
def system_voice(tmp_path: Path) -> Path:
    if sys.platform != "linux":
        pytest.skip("which languages the voices of other systems speak is the user's choice")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("code", language.LANGUAGES)
def test_each_language_has_a_voice_on_linux(code: str, system_voice: Path) -> None:
    """In a process of its own: espeak-ng is loaded once, and which one depends on the language."""
    program = (
        "import pathlib, sys; from repcount.audio.synthesis import SpeechSynthesizer\n"
        "from repcount.coaching import phrases; from repcount.coaching.events import Announcement, Cue\n"
        "voice = SpeechSynthesizer(pathlib.Path(sys.argv[1]))\n"
        "print(*(len(voice.render(phrases.spoken_text(Announcement(cue, 12)))) for cue in (Cue.COUNT, Cue.NOT_LYING)))"
    )
    environment = {**os.environ, language.VARIABLE: code}
    done = subprocess.run(
        [sys.executable, "-c", program, system_voice], env=environment, capture_output=True, text=True, check=True
    )
    number, sentence = map(int, done.stdout.splitlines()[-1].split())
    assert 4000 < number < sentence


def test_what_is_spoken_in_japanese_has_no_kanji(make_catalogues: ModuleType) -> None:
    """espeak-ng leaves them out."""
    with language.using("ja"):
        for cue in Cue:
            assert not re.search("[\u3400-\u9fff]", phrases.spoken_text(Announcement(cue, 12))), cue


def test_a_system_without_a_voice_for_the_language_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Engine:
        """A system with one voice, an English one."""

        languages = ("en-US",)
        id = "David"

        def __str__(self) -> str:
            return "sapi5"

        def setProperty(self, name: str, value: object) -> None:  # noqa: N802
            pass

        def getProperty(self, name: str) -> object:  # noqa: N802
            return [self] if name == "voices" else self.id

    monkeypatch.setattr("pyttsx3.init", Engine)
    SpeechSynthesizer(tmp_path)
    with language.using("ja"), pytest.raises(VoiceError, match="speaks 日本語"):
        SpeechSynthesizer(tmp_path)


def test_warnings_in_files_are_english() -> None:

    warning = AnalysisWarning(WarningCode.REPS_ADDED, {"added": 1, "reps": 5})
    with language.using("de"):
        assert messages.warning_sentence(warning) == "von Hand hinzugefügte Wiederholungen: 1 von 5"
        assert messages.warning_sentence(warning, str) == "reps added by hand: 1 of 5"
        stopped = AnalysisWarning(WarningCode.INTERRUPTED, {"at_s": 29.54})
        assert messages.warning_sentence(stopped) == "von Hand beendet bei 29,5 s"
        assert messages.warning_sentence(stopped, str) == "stopped by hand at 29.5 s"
        obstacle = phrases.english_text(Announcement(Cue.NOT_LYING))
        never = AnalysisWarning(WarningCode.NEVER_READY, obstacle=obstacle)
        assert messages.warning_sentence(never) == "die Zählung begann nie: leg dich auf den Rücken"
        assert messages.warning_sentence(never, str) == "counting never began: lie down on your back"


def test_no_french_line_begins_with_a_sign_or_ends_with_an_opening_quotation_mark(make_catalogues: ModuleType) -> None:
    """Where a line may break before `:` or within « prêt », it does in a narrow window."""
    texts = "\n".join(str(message.string) for message in make_catalogues.updated("fr") if message.id)
    assert not re.findall(r".* [:;?!»].*|.*« .*", texts)


# --- all of it ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("history", "model")
def test_a_live_session_in_german(still_first: Path, tmp_path: Path) -> None:
    """A video as the camera: terminal and table in German, JSON in English, and a voice that says German numbers."""
    data, sound = tmp_path / "reps.json", tmp_path / "said.wav"
    result = run_process(
        "live", "--camera", still_first, "--no-window", "--language", "de", "--json", data, "--sound-file", sound
    )
    assert result.code == 0
    assert "Bereit" in result.err
    reps = re.findall(r"Wdh\. (\d), voll[^(]*\(heben \d,\d s", result.err)
    assert reps in (list("123"), list("12")), "a busy machine may miss one"
    assert re.search(rf"{len(reps)} volle Wiederholungen.* in 1[56],\d s", result.out)
    assert json.loads(data.read_text(encoding="utf-8"))["summary"]["full"] == len(reps)
    assert sound.stat().st_size > 400_000


@pytest.mark.slow
def test_a_report_in_japanese_can_be_read(model: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run_process("analyze", SAMPLES / "09_partial_and_full.mp4", "--language", "ja", "--report", page)
    assert result.code == 0
    assert "完全 4 回, 不完全 5 回" in result.out
    text = page.read_text(encoding="utf-8")
    assert '<html lang="ja">' in text
    assert "9 回中 4 回が完全でした" in text
