"""Videos that are written: each picture at its time, whole or not at all; and what is drawn on a copy of a video."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from support.disks import on_a_disk
from support.made_files import ROWS, Row
from support.programs import Ffmpeg, pattern

from repcount.analysis import Analysis, AnalysisBuilder, Source
from repcount.config import Config
from repcount.counting.counter import RepCounter
from repcount.display import overlay
from repcount.display.widgets import BLUE, TEXT
from repcount.errors import OutputError, VideoError
from repcount.pose import angles
from repcount.pose.tracker import PersonTracker
from repcount.reports.video import PlaybackState, PoseTrack, write_annotated
from repcount.types import Flag, Phase, Pose, Rep, Sample, Update
from repcount.video import reader
from repcount.video.writer import VideoWriter

Image = NDArray[np.uint8]

ODD_TIMES_S = [0.0, 0.033, 0.067, 0.2, 0.21, 0.5, 1.001, 1.5]


@dataclass(frozen=True)
class Probe:
    """What a player would find out of a video."""

    codec: str
    pixels: str
    size: tuple[int, int]
    rotation: int
    times_s: list[float]
    duration_s: float
    images: list[Image]
    """Red-green-blue, turned as the file asks."""


def probe(path: Path) -> Probe:
    with av.open(str(path)) as container:
        [stream] = container.streams.video
        assert stream.time_base is not None
        frames = list(container.decode(stream))
        assert container.duration is not None
        return Probe(
            stream.codec_context.name,
            str(stream.pix_fmt),
            (stream.width, stream.height),
            frames[0].rotation,
            [float(frame.time or 0.0) for frame in frames],
            container.duration / 1e6,
            [np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90) for frame in frames],
        )


def plain(grey: int = 128, size: tuple[int, int] = (160, 120)) -> Image:
    return np.full((size[1], size[0], 3), grey, np.uint8)


def written(path: Path, times_s: list[float], image: Image) -> Path:
    with VideoWriter(path) as film:
        for time_s in times_s:
            film.write(time_s, image)
    return path


# --- the film ----------------------------------------------------------------------------------------------


def test_every_picture_is_shown_at_its_time(tmp_path: Path) -> None:
    """Counted from the first one; the last as long as the one before, if nothing else is said."""
    film = probe(written(tmp_path / "film.mp4", [time_s + 7 for time_s in ODD_TIMES_S], plain()))
    assert film.times_s == pytest.approx(ODD_TIMES_S, abs=1e-3)
    assert film.duration_s == pytest.approx(1.5 + 0.499, abs=1e-3)


def test_the_end_can_be_said(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4") as film:
        film.write(0.0, plain())
        film.write(0.1, plain())
        film.finish(2.5)
    assert probe(tmp_path / "film.mp4").duration_s == pytest.approx(2.5, abs=1e-3)


def test_times_that_do_not_rise_do_no_harm(tmp_path: Path) -> None:
    film = probe(written(tmp_path / "film.mp4", [0.0, 0.1, 0.1, 0.05, 0.2], plain()))
    assert all(earlier < later for earlier, later in pairwise(film.times_s))
    assert len(film.times_s) == 5


def test_it_is_what_browsers_and_quicktime_play(tmp_path: Path) -> None:
    """H.264 in 4:2:0, and the index in front, so that it plays before it is loaded."""
    path = written(tmp_path / "film.mp4", [0.0, 0.1], plain())
    film = probe(path)
    assert (film.codec, film.pixels) == ("h264", "yuv420p")
    content = path.read_bytes()
    assert content[4:12] == b"ftypisom"
    assert 0 < content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(("size", "even"), [((161, 121), (162, 122)), ((160, 121), (160, 122)), ((1, 1), (2, 2))])
def test_odd_sizes_get_one_more_row_or_column(size: tuple[int, int], even: tuple[int, int], tmp_path: Path) -> None:
    image = plain(128, size)
    image[:, -1] = 255
    film = probe(written(tmp_path / "film.mp4", [0.0], image))
    assert film.size == even
    assert film.images[0][0, -1].min() > 200


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 200, 40), (20, 30, 220), (128, 128, 128)])
def test_colours_stay(colour: tuple[int, int, int], tmp_path: Path) -> None:
    image = plain()
    image[:] = colour
    film = probe(written(tmp_path / "film.mp4", [0.0], image))
    assert np.abs(film.images[0].mean(axis=(0, 1)) - colour).max() < 4
    with reader.open_video(tmp_path / "film.mp4") as video:
        assert np.abs(next(video.frames(15)).image.mean(axis=(0, 1)) - colour).max() < 4


def test_a_film_appears_when_it_is_whole_with_the_permissions_of_any_file(tmp_path: Path) -> None:
    path, before = tmp_path / "film.mp4", os.umask(0o027)
    try:
        with VideoWriter(path) as film:
            film.write(0.0, plain())
            assert not path.exists()
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"old")
    film = VideoWriter(path, force=True)
    film.write(0.0, plain())
    with pytest.raises(KeyboardInterrupt), film:
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_film_without_pictures_leaves_nothing(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/film.mp4", r"cannot write .*film\.mp4: there is no folder .*nowhere"),
        ("film.avi", r"let its name end in \.mp4"),
        ("-", r"let its name end in \.mp4"),
        ("folder.mp4", r"it is a folder"),
    ],
)
def test_a_path_that_cannot_be_written_is_told_at_once(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=message):
        VideoWriter(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mp4"]


def test_without_h264_the_film_is_what_plays_widely_and_says_so(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4", codecs=("no-such-encoder", "mpeg4")) as film:
        for time_s in ODD_TIMES_S:
            film.write(time_s, plain())
        assert film.note is not None
        assert "browsers do not" in film.note
    made = probe(tmp_path / "film.mp4")
    assert made.codec == "mpeg4"
    assert made.times_s == pytest.approx(ODD_TIMES_S, abs=1e-3)
    assert VideoWriter(tmp_path / "other.mp4").note is None


# --- a full disk -------------------------------------------------------------------------------------------

FILL = """
import sys
from pathlib import Path
import numpy as np
from repcount.errors import OutputError
from repcount.video.writer import VideoWriter
noise = np.random.default_rng(1)
try:
    with VideoWriter(Path(sys.argv[1])) as film:
        for number in range(int(sys.argv[2])):
            film.write(number / 30, noise.integers(0, 255, (120, 160, 3), np.uint8))
except OutputError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def room_needed(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Bytes of the film that does not fit."""
    path = tmp_path_factory.mktemp("room") / "film.mp4"
    subprocess.run([sys.executable, "-c", FILL, path, "60"], timeout=300, check=True)
    return path.stat().st_size


@pytest.mark.parametrize("share", [0.01, *(pytest.param(share, marks=pytest.mark.slow) for share in (0.4, 0.98)), 1.0])
def test_a_full_disk_is_told_and_leaves_nothing(share: float, room_needed: int, tmp_path: Path) -> None:
    """At the first picture, in between, and at the very end, when the index is written."""
    disk, size_kb = tmp_path / "disk", max(4, int(share * room_needed) // 1024 - 4)
    disk.mkdir()
    script = f'"$@" && ls -A {disk} && test "$(ls -A {disk} | wc -l)" = 0 && echo EMPTY'
    done = on_a_disk(disk, f"size={size_kb}k", script, [sys.executable, "-c", FILL, disk / "film.mp4", "60"])
    assert done.stderr == ""
    [message, left] = done.stdout.splitlines()
    assert message.startswith(f"cannot write {disk / 'film.mp4'}: ")
    assert "No space left on device" in message
    assert left == "EMPTY"


LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (int(__import__('sys').argv[3]),) * 2)\n"


@pytest.mark.parametrize("share", [0.0, pytest.param(0.4, marks=pytest.mark.slow), 0.99])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_file_that_may_not_grow_is_told_and_leaves_nothing(share: float, room_needed: int, tmp_path: Path) -> None:
    """What a quota does."""
    code = LIMITED + FILL
    command = [sys.executable, "-c", code, str(tmp_path / "film.mp4"), "60", str(int(share * room_needed))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout.count("cannot write"), done.stderr) == (1, "")
    assert list(tmp_path.iterdir()) == []


# --- the track ---------------------------------------------------------------------------------------------


def body(x: float, visibility: float = 1.0) -> Pose:
    return Pose(np.full((33, 2), x), np.zeros((33, 3)), np.full(33, visibility))


def update(time_s: float, lift_deg: float = nan, phase: Phase = Phase.PAUSE, side: str = "left") -> Update:
    return Update(Sample(time_s, side=side), nan, phase, (), lift_deg, 0.0)


def drawn_x(pose: Pose | None) -> float:
    assert pose is not None
    assert np.ptp(pose.xy_px[list(overlay.DRAWN)]) == 0
    return float(pose.xy_px[overlay.DRAWN[0], 0])


def test_between_two_sightings_the_body_moves_evenly() -> None:
    track = PoseTrack()
    track.on_pose(1.0, body(100.0, 0.5))
    track.on_pose(1.2, body(200.0, 1.0))
    assert [drawn_x(track.pose(time_s)) for time_s in (1.0, 1.05, 1.1, 1.19, 1.2)] == pytest.approx(
        [100, 125, 150, 195, 200]
    )
    between = track.pose(1.1)
    assert between is not None
    assert between.visibility[overlay.DRAWN[0]] == pytest.approx(0.75)


def test_nobody_is_drawn_where_nobody_was_seen() -> None:
    """Just after a sighting the body is held: the last frames of a video are not all analysed."""
    track = PoseTrack()
    track.on_pose(1.0, body(100.0))
    track.on_pose(1.07, None)
    track.on_pose(2.0, body(200.0))
    assert [track.pose(time_s) is None for time_s in (0.9, 1.0, 1.08, 1.5, 1.99, 2.0, 2.09, 2.2)] == [
        True, False, False, True, True, False, False, True,
    ]  # fmt: skip


def test_the_gauge_glides_and_knows_what_it_does_not_know() -> None:
    track = PoseTrack()
    for number, lift_deg in enumerate([10.0, 20.0, nan, 40.0]):
        track.write(update(number / 10, lift_deg))
    assert track.lift_deg(0.05) == pytest.approx(15)
    assert track.lift_deg(0.15) == pytest.approx(20)
    assert isnan(track.lift_deg(0.25))
    assert isnan(track.lift_deg(-0.1))
    assert isnan(track.lift_deg(2.0))


def test_an_hour_of_track_is_small() -> None:
    track = PoseTrack()
    for number in range(15 * 60):
        track.on_pose(number / 15, body(1.0))
        track.write(update(number / 15))
    kept = [getattr(track, name) for name in vars(track)]
    assert 60 * sum(sys.getsizeof(values) for values in kept) < 16e6


# --- what is known when ------------------------------------------------------------------------------------


def rep(number: int, start_s: float, *, full: bool = True, of_set: int = 1) -> Rep:
    """Two seconds up, one upright, two down."""
    flags = () if full else (Flag.SHORT_TOP,)
    return Rep(number, of_set, start_s, start_s + 2.5, start_s + 5, 2, 1, 2, None, 90, 0, 175, full, flags, 1)


def analysis(*reps: Rep, interrupted: bool = False) -> Analysis:
    return Analysis(Source("clip.mp4", 60.0), Config(), reps, (), None, 1.0, (), interrupted)


def test_the_count_goes_up_when_the_legs_are_back() -> None:
    playback = PlaybackState(analysis(rep(1, 1), rep(2, 7, full=False), rep(3, 40, of_set=2)), PoseTrack())
    counts = {time_s: playback.status(time_s) for time_s in (0.0, 5.9, 6.0, 12.0, 39.9, 40.0, 45.0)}
    assert [state.full for state in counts.values()] == [0, 0, 1, 1, 1, 0, 1]
    assert [state.partial for state in counts.values()] == [0, 0, 0, 1, 1, 0, 0]
    assert [state.set for state in counts.values()] == [1, 1, 1, 1, 1, 2, 2]
    assert [state.last and state.last.number for state in counts.values()] == [None, None, 1, 2, 2, 2, 3]


def test_phases_are_those_of_the_rep_and_between_reps_those_of_the_counter() -> None:
    track = PoseTrack()
    for number in range(200):
        lowering = 50 < number < 75
        track.write(update(number / 10, phase=Phase.LOWER if lowering else Phase.UNKNOWN))
    playback = PlaybackState(analysis(rep(1, 1)), track)
    phases = [playback.status(time_s).phase for time_s in (0.5, 1.0, 2.9, 3.5, 4.5, 5.9, 6.1, 7.0, 12.0)]
    assert phases == [
        Phase.UNKNOWN, Phase.RAISE, Phase.RAISE, Phase.HOLD, Phase.LOWER, Phase.LOWER,
        Phase.PAUSE, Phase.PAUSE, Phase.UNKNOWN,
    ]  # fmt: skip


# --- copies of videos --------------------------------------------------------------------------------------


def copied(path: Path, out: Path, *reps: Rep, track: PoseTrack | None = None) -> list[str]:
    return write_annotated(path, analysis(*reps), track or PoseTrack(), VideoWriter(out))


def test_a_variable_frame_rate_stays(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    thin = ["-vf", "select='lt(n,30)+not(mod(n,3))'", "-fps_mode", "vfr"]
    source = ffmpeg(*pattern("4"), *thin, tmp_path / "variable.mp4")
    assert copied(source, tmp_path / "out.mp4") == []
    before, after = probe(source), probe(tmp_path / "out.mp4")
    assert after.times_s == pytest.approx(before.times_s, abs=1e-3)
    assert 0 < after.duration_s - before.times_s[-1] <= 0.1
    assert after.size == before.size


def test_a_steady_rate_stays_to_the_end(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = ffmpeg(*pattern("2", "25"), tmp_path / "steady.mp4")
    copied(source, tmp_path / "out.mp4")
    before, after = probe(source), probe(tmp_path / "out.mp4")
    assert after.times_s == pytest.approx(before.times_s, abs=1e-3)
    assert after.duration_s == pytest.approx(before.duration_s, abs=1e-3)


@pytest.mark.parametrize("turn", ["90", "180", "270"])
def test_a_turned_video_is_upright(turn: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The picture itself is turned, so that no player can get it wrong."""
    lying = ffmpeg(*pattern("1"), tmp_path / "lying.mp4")
    source = ffmpeg("-display_rotation", turn, "-i", lying, "-c", "copy", tmp_path / "turned.mp4")
    copied(source, tmp_path / "out.mp4")
    before, after = probe(source), probe(tmp_path / "out.mp4")
    assert after.rotation == 0
    assert after.images[0].shape == before.images[0].shape
    assert len(after.images) == len(before.images) == 30
    lower = before.images[15].shape[0] * 3 // 4  # below all that is drawn
    assert np.abs(after.images[15][lower:].astype(int) - before.images[15][lower:]).mean() < 12
    assert np.abs(after.images[15][lower:].astype(int) - before.images[15][::-1][lower:]).mean() > 25


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if not row.rewrapped], ids=lambda row: row.name)
def test_made_files_keep_their_shape_their_frames_and_their_times(
    row: Row, ffmpeg: Ffmpeg, piece: Path, tmp_path: Path
) -> None:
    """Whatever codec, container, geometry or timing they have; sides of an odd length get a row or column more."""
    source = row.make(ffmpeg, piece, tmp_path)
    copied(source, tmp_path / "out.mp4")
    with reader.open_video(source) as video:
        before = [(frame.time_s, frame.image) for frame in video.frames()]
    after = probe(tmp_path / "out.mp4")
    assert after.size == (row.size[0] + row.size[0] % 2, row.size[1] + row.size[1] % 2)
    assert after.times_s == pytest.approx([time_s for time_s, _ in before], abs=1e-3)
    lower = row.size[1] * 3 // 4  # below all that is drawn
    for (_, image), copy in list(zip(before, after.images, strict=True))[::10]:
        shown = copy[lower : row.size[1], : row.size[0]].astype(int)
        assert np.abs(shown - image[lower:]).mean() < 12


def test_sound_is_left_out_and_that_is_said(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    sound = ["-f", "lavfi", "-i", "sine=d=1", "-shortest"]
    source = ffmpeg(*pattern("1")[:4], *sound, "-pix_fmt", "yuv420p", tmp_path / "loud.mp4")
    assert copied(source, tmp_path / "out.mp4") == [f"the sound of {source} is not in {tmp_path / 'out.mp4'}"]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_a_source_that_is_gone_leaves_no_copy(tmp_path: Path) -> None:
    with pytest.raises(VideoError):
        copied(tmp_path / "gone.mp4", tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_what_was_stopped_by_hand_is_copied_as_far_as_it_was_counted(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source, track = ffmpeg(*pattern("2", "10"), tmp_path / "clip.mp4"), PoseTrack()
    for number in range(8):
        track.write(update(number / 10 + 0.01))
    write_annotated(source, analysis(interrupted=True), track, VideoWriter(tmp_path / "out.mp4"))
    assert len(probe(tmp_path / "out.mp4").times_s) == 8


def test_progress_is_told_by_time(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    times_s: list[tuple[float, float]] = []
    source = ffmpeg(*pattern("1", "10"), tmp_path / "clip.mp4")
    write_annotated(
        source, analysis(), PoseTrack(), VideoWriter(tmp_path / "out.mp4"), lambda *times: times_s.append(times)
    )
    assert [time_s for time_s, _ in times_s] == pytest.approx([number / 10 for number in range(10)], abs=1e-3)
    assert {duration_s for _, duration_s in times_s} == {1.0}


@pytest.mark.slow
def test_a_real_video_gets_a_body_that_moves_in_every_frame(piece: Path, model: Path, tmp_path: Path) -> None:
    """Every other frame is analysed; in between the leg glides on. The count is on it, too."""
    found, track = _analysed(piece, model)
    write_annotated(piece, found, track, VideoWriter(tmp_path / "out.mp4"))
    before, after = probe(piece), probe(tmp_path / "out.mp4")
    assert after.times_s == pytest.approx(before.times_s, abs=1e-3)
    assert after.size == before.size
    blue = [(np.abs(image.astype(int) - BLUE).sum(axis=2) < 60) for image in after.images]
    leg = [image[:, 250:].sum() for image in blue]
    assert min(leg) > 150
    raising = [index for index, time_s in enumerate(after.times_s) if 0.4 < time_s - found.reps[0].start_s < 1.0]
    ankles = [track.pose(after.times_s[index]) for index in raising]
    heights = [min(pose.xy_px[[27, 28], 1]) for pose in ankles if pose]
    assert len(heights) == len(raising) > 10
    steps = np.abs(np.diff(heights))
    assert steps.min() > 0.1
    ends = [index for index, time_s in enumerate(after.times_s) if time_s > found.reps[0].end_s][:1]
    digits = [(np.abs(after.images[index].astype(int) - TEXT).sum(axis=2) < 60) for index in (ends[0] - 1, ends[0])]
    assert (digits[0] != digits[1]).sum() > 300


def _analysed(path: Path, model: Path) -> tuple[Analysis, PoseTrack]:
    track, tally, counting = PoseTrack(), AnalysisBuilder(), RepCounter(Config())
    updates, side = [], ""
    with reader.open_video(path) as video, PersonTracker(model) as tracker:
        for frame in video.frames(Config().rate_hz):
            pose = tracker.track(frame)
            track.on_pose(frame.time_s, pose)
            sample = angles.compute_sample(frame.time_s, pose, side)
            side = sample.side
            updates += counting.push(sample)
        duration_s = video.duration_s
    for update in [*updates, *counting.end()]:
        tally.write(update)
        track.write(update)
    return tally.result(Source(str(path), duration_s), Config()), track
