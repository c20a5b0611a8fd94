"""Files as phones, cameras and editors write them: the same frames, times and reps in whatever they are wrapped."""

from __future__ import annotations

import os
import struct
from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.made_files import RATE_HZ, ROWS, X264, X264B, X265, Make, Q, Row, by, concatenated, field_pictures
from support.programs import SAMPLES, Cli, Ffmpeg, pattern

import repcount
from repcount.errors import VideoError
from repcount.types import Frame, Rep, Span
from repcount.video import geometry, layout, parameter_sets, probe, pyav_decoder, reader
from repcount.video.decoder import Decoder
from repcount.video.geometry import Orientation, Shape
from repcount.video.opencv_decoder import OpenCvDecoder
from repcount.video.pyav import open_container
from repcount.video.pyav_decoder import PyAvDecoder

Grey = NDArray[np.float64]


def grey(image: NDArray[np.uint8]) -> Grey:
    """A small grey picture."""
    return np.asarray(
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (160, 90), interpolation=cv2.INTER_AREA), float
    )


MOVES = 3.0
"""Grey levels by which frames differ whose order can be told behind the noise of an encoder."""


def read(path: Path, rate_hz: float = float("inf"), shrink: int = 1) -> list[Frame]:
    with reader.open_video(path) as video:
        return list(video.frames(rate_hz, shrink))


@pytest.fixture(scope="module")
def plain(piece: Path) -> list[Grey]:
    """The frames of the clip that all files are made of."""
    return [grey(frame.image) for frame in read(piece)]


# --- the matrix --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_frames_times_and_reps_are_those_of_the_clip(
    row: Row, plain: list[Grey], truth: tuple[Rep, ...], ffmpeg: Ffmpeg, piece: Path, tmp_path: Path
) -> None:
    """Reps where all of the clip is there, within a frame: the noise of encoders changes the pose a little."""
    path = row.make(ffmpeg, piece, tmp_path)
    with reader.open_video(path) as video:
        frames = [(frame.time_s, grey(frame.image)) for frame in video.frames()]
        assert (video.info.width, video.info.height) == row.size
        assert tuple(warning.code for warning in video.warnings()) == row.said
        assert video.duration_s == pytest.approx(row.times_s[-1] + 1 / RATE_HZ, abs=0.1)
    assert len(row.times_s) - row.lost <= len(frames) <= len(row.times_s)
    shows = row.shows or tuple(range(len(row.times_s)))
    for time_s, picture in frames:
        # The times of joined files are right within a frame where they are joined.
        near = range(
            bisect_left(row.times_s, time_s - 1.01 / RATE_HZ), bisect_left(row.times_s, time_s + 1.01 / RATE_HZ)
        )
        assert min(np.abs(picture - plain[shows[n]]).mean() for n in near) < row.off
    late = frames_late(frames, row, plain, shows)
    assert len(late) > 0.1 * len(frames)
    assert abs(np.mean(late)) < 0.2
    if row.rewrapped:
        return
    analysis = repcount.analyze(path)
    if row.full < 0:
        return
    assert (analysis.summary.full, analysis.summary.partial) == (row.full, 0)
    frame_s = max(row.times_s[2] - row.times_s[1], 1 / RATE_HZ)
    for rep, true in zip(analysis.reps, truth, strict=True):
        for moment in ("start_s", "top_s", "end_s"):
            assert getattr(rep, moment) == pytest.approx(getattr(true, moment), abs=frame_s), moment


def frames_late(frames: list[tuple[float, Grey]], row: Row, plain: list[Grey], shows: tuple[int, ...]) -> list[int]:
    """How far from the frame due at its time the one is that a frame looks like, where the legs move."""
    late = []
    for time_s, picture in frames:
        due = int(np.abs(np.array(row.times_s) - time_s).argmin())
        near = range(max(due - 2, 0), min(due + 3, len(shows)))
        if np.abs(plain[shows[near[0]]] - plain[shows[near[-1]]]).mean() > MOVES:
            found = min(near, key=lambda n: (np.abs(picture - plain[shows[n]]).mean(), abs(n - due)))
            late.append(due - found)
    return late


@pytest.fixture(scope="module")
def truth(ffmpeg: Ffmpeg, piece: Path, clips: Path) -> tuple[Rep, ...]:
    """The reps of the clip, encoded once more as the others are."""
    return repcount.analyze(ffmpeg("-i", piece, *X264, clips / "plain.mp4")).reps


# --- both readers ------------------------------------------------------------------------------------------


def pictures(decoder: Decoder, shrink: int) -> list[tuple[float, NDArray[np.uint8]]]:
    found = []
    while (stamp_s := decoder.grab()) is not None:
        image = decoder.picture(shrink)
        assert image is not None
        found.append((stamp_s, image))
    decoder.close()
    return found


@settings(max_examples=5, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_both_readers_give_the_same_frames_at_the_same_times(
    data: st.DataObject, ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On whatever is left to OpenCV."""
    width, height = (data.draw(st.integers(10, 33)) * 12 for _ in range(2))  # no remainder to cut off or squeeze in
    rate = data.draw(st.sampled_from(["10", "24", "30000/1001", "60"]))
    encoder = data.draw(st.sampled_from([X264, X264B, X265]))
    ending = data.draw(st.sampled_from([".mp4", ".mkv", ".ts"]))
    shrink = data.draw(st.integers(1, 3))
    source = ["-t", "1", "-i", SAMPLES / "07_fast_reps.mp4", "-vf", f"fps={rate},scale={width}:{height},setsar=1"]
    path = ffmpeg(*source, *encoder, tmp_path_factory.mktemp("both") / f"clip{ending}")
    found = probe.probe(path)
    assert found.not_opencv == ""
    one = pictures(OpenCvDecoder(path, 1, found.packets), shrink)
    other = pictures(PyAvDecoder(path, 2, found.stream), shrink)
    # Where a clock begins is for the reader to take off.
    expected = [time_s - other[0][0] + one[0][0] for time_s, _ in other]
    assert [time_s for time_s, _ in one] == pytest.approx(expected, abs=1e-3)
    for (_, a), (_, b) in zip(one, other, strict=True):
        assert a.shape == b.shape
        assert np.abs(a.astype(int) - b).mean() < 4


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [X264B, X265], ids=["h264", "hevc"])
@pytest.mark.parametrize("rate_hz", [15.0, 11.0])
def test_skipping_frames_to_which_no_other_refers_changes_nothing(
    encoder: tuple[str, ...], rate_hz: float, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    large = ["-f", "lavfi", "-i", "testsrc=s=1280x720:r=30:d=2", "-pix_fmt", "yuv420p"]
    path = ffmpeg(*large, *encoder, tmp_path / "large.mp4")
    every = {frame.time_s: frame.image for frame in read(path, shrink=8)}
    thinned = read(path, rate_hz, shrink=8)
    assert len(every) == 60
    assert len(thinned) == pytest.approx(2 * rate_hz, abs=1)
    for frame in thinned:
        assert np.array_equal(frame.image, every[frame.time_s])
    with reader.open_video(path) as video:
        assert "PyAV" in video.info.reader
        assert len(list(video.frames(rate_hz))) == len(thinned)
        assert video.frames_read == 60


@pytest.mark.slow
def test_skipping_begins_with_the_part_that_is_asked_for(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """From an odd frame on it is still the even ones that are looked at: to the others no other refers."""
    large = ["-f", "lavfi", "-i", "testsrc=s=1280x720:r=30:d=2", "-pix_fmt", "yuv420p"]
    path = ffmpeg(*large, *X264B, tmp_path / "large.mp4")
    with reader.open_video(path) as video:
        times_s = [frame.time_s for frame in video.frames(15, 8, Span(0.5 - 1 / 30, 0.85))]
    assert times_s == pytest.approx([n / 30 for n in range(14, 26, 2)], abs=1e-3)
    with reader.open_video(path) as video:
        times_s = [frame.time_s for frame in video.frames(15, 8, Span(0.5, 0.85))]
    assert times_s == pytest.approx([n / 30 for n in range(16, 26, 2)], abs=1e-3)


def decoded_at_15(path: Path) -> int:
    """How many pictures PyAV decodes if 15 a second are looked at."""
    decoder = PyAvDecoder(path, 1, 0)
    decoder.thin(15)
    decoded = 0
    while decoder.grab() is not None:
        decoded += decoder.picture(8) is not None
    decoder.close()
    return decoded


def test_skipping_does_skip(ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = ["-f", "lavfi", "-i", "testsrc=s=1280x720:r=30:d=1", "-pix_fmt", "yuv420p"]
    path = ffmpeg(*large, *X264B, tmp_path / "large.mp4")
    assert 15 <= decoded_at_15(path) <= 22


@pytest.mark.slow
def test_where_the_frames_that_are_due_are_those_that_can_be_skipped_the_next_ones_are_taken(
    ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """From the key frame at 15 on the even frames are those to which no other refers."""
    large = ["-f", "lavfi", "-i", "testsrc=s=1280x720:r=30:d=2", "-pix_fmt", "yuv420p", "-force_key_frames", "0.5"]
    path = ffmpeg(*large, *X264B, "-x264-params", "b-adapt=0:scenecut=0", tmp_path / "large.mp4")
    assert 30 <= decoded_at_15(path) <= 36
    every = {frame.time_s: frame.image for frame in read(path, shrink=8)}
    thinned = read(path, 15, shrink=8)
    numbers = [round(frame.time_s * 30) for frame in thinned]
    assert numbers[:20] == [*range(0, 15, 2), *range(17, 40, 2)]
    assert all(np.array_equal(frame.image, every[frame.time_s]) for frame in thinned)
    for rate_hz in (20.0, 12.0):
        assert len(read(path, rate_hz, shrink=8)) == pytest.approx(2 * rate_hz, abs=1)


# --- what decides ------------------------------------------------------------------------------------------

REASONS = [
    (by(".mp4", *X264), ""),
    (by(".mkv", *X264B), ""),
    (by(".ts", *X265[:-2]), ""),
    (by(".avi", "-c:v", "mjpeg"), "it is MJPEG"),
    (by(".mp4", *X264, "-pix_fmt", "yuv444p"), "its pixels are yuv444p"),
    (by(".mp4", *X264, "-vf", "setsar=4/3"), "its pixels are not square but 4:3"),
    (by(".mp4", *X264, "-vf", "scale=1280:720"), "its pictures are large, 1280 by 720"),
    (by(".mkv", *X264, "-x264-params", "tff=1"), "it may be interlaced"),
]


@pytest.mark.parametrize(("made", "reason"), REASONS, ids=[row[1] or f"ordinary {n}" for n, row in enumerate(REASONS)])
def test_what_opencv_does_not_read_rightly_is_left_to_pyav(
    made: Make, reason: str, ffmpeg: Ffmpeg, clips: Path, tmp_path: Path
) -> None:
    source = ffmpeg(*pattern("0.5"), clips / "half.mp4")
    assert probe.probe(made(ffmpeg, source, tmp_path)).not_opencv == reason


@pytest.mark.slow
def test_explain_names_the_reader(cli: Cli, ffmpeg: Ffmpeg, empty_room: Path, tmp_path: Path) -> None:
    assert "read by OpenCV\n" in cli("analyze", empty_room, "--explain").out
    wide = ffmpeg("-i", empty_room, "-vf", "setsar=4/3", tmp_path / "wide.mp4")
    assert "read by PyAV, as its pixels are not square but 4:3\n" in cli("analyze", wide, "--explain").out


def test_a_codec_that_cannot_be_decoded_is_named(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("0.2"), tmp_path / "my clip.mp4")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"avc1", b"xyz9").replace(b"avcC", b"xyzC"))
    with pytest.raises(VideoError, match="is in the codec xyz9, which cannot be decoded here") as raised:
        reader.open_video(path)
    assert f"ffmpeg -i '{path}' -c:v libx264 '{path.with_suffix('.h264.mp4')}'" in str(raised.value)
    path.write_bytes(content.replace(b"avc1", b"encv"))
    with pytest.raises(VideoError, match="protected against copying"):
        reader.open_video(path)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".bmp"])
def test_a_photo_is_no_video(ending: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("0.2"), "-frames:v", "1", tmp_path / f"photo{ending}")
    with pytest.raises(VideoError, match="is a single picture"):
        reader.open_video(path)


def test_a_video_that_ffmpeg_would_decode_without_its_key_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    keys = [
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    ]
    for size in ("320x240", "1280x720"):
        source = ["-f", "lavfi", "-i", f"testsrc=s={size}:r=10:d=1", "-pix_fmt", "yuv420p"]
        path = ffmpeg(*source, *X264, "-encryption_scheme", "cenc-aes-ctr", *keys, tmp_path / f"{size}.mp4")
        with pytest.raises(VideoError, match="protected against copying"):
            reader.open_video(path)


def test_a_recording_that_was_interrupted_before_its_index_was_written_is_named(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("1"), tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(VideoError, match="is cut short: it has no index"):
        reader.open_video(path)


@pytest.mark.parametrize(("codec", "lost"), [("h264", 5000), ("hevc", 3000)])
def test_a_hole_in_a_file_costs_what_was_in_it(codec: str, lost: int, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """As of a disk that lost a sector. OpenCV ends there."""
    encoder = {"h264": X264, "hevc": X265}[codec]
    path = ffmpeg("-t", "4", "-i", SAMPLES / "07_fast_reps.mp4", *encoder, "-g", "30", tmp_path / "hole.mp4")
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + lost] = bytes(lost)
    path.write_bytes(content)
    with reader.open_video(path) as video:
        times_s = [frame.time_s for frame in video.frames()]
        assert video.warnings() == []
        assert video.info.reader.startswith("OpenCV and, from 1.")
    assert 100 < len(times_s) < 120
    assert times_s[-1] == pytest.approx(119 / 30, abs=1e-3)
    assert all(later > earlier for earlier, later in pairwise(times_s))
    assert all(time_s * 30 == pytest.approx(round(time_s * 30), abs=0.01) for time_s in times_s)


def test_pictures_of_a_web_camera_that_were_saved_as_they_came_have_no_times(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("1"), "-c:v", "mjpeg", "-f", "mpjpeg", tmp_path / "camera.mjpg")
    assert said(path) == ["no_timestamps"]


def test_a_cut_avi_file_says_how_long_it_was(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("8"), "-c:v", "mpeg4", tmp_path / "cut.avi")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with reader.open_video(path) as video:
        assert 30 < len(list(video.frames())) < 120
        assert [warning.code.value for warning in video.warnings()] == ["file_cut_short"]
        assert video.info.duration_s == pytest.approx(8)


def test_a_matroska_file_that_begins_late_is_no_longer_for_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = ffmpeg(*pattern("1"), tmp_path / "clip.mp4")
    late = ffmpeg("-i", source, "-c", "copy", "-output_ts_offset", "36000", tmp_path / "late.mkv")
    with reader.open_video(late) as video:
        assert video.info.duration_s == pytest.approx(1, abs=0.01)


def test_a_matroska_file_that_begins_before_zero_has_times(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """FFmpeg gives no stamps for what is before."""
    source = ffmpeg(*pattern("1"), tmp_path / "clip.mp4")
    shifted = ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5")
    early = ffmpeg("-i", source, "-c", "copy", *shifted, tmp_path / "early.mkv")
    with reader.open_video(early) as video:
        times_s = [frame.time_s for frame in video.frames()]
        assert [warning.code.value for warning in video.warnings()] == ["timestamps_repaired"]
    assert times_s == pytest.approx([n / 30 for n in range(30)], abs=2e-3)


TOLD_BY_DECODING = {
    "avi": (".avi", X264B, b""),
    "large avi": (".avi", (*X264B, "-vf", "scale=1280:720"), b""),
    "wmv": (".asf", X264B, b""),
    "mxf": (".mxf", X264B, b""),
    "mp4 without its table": (".mp4", (*X264B, "-use_editlist", "0"), b"ctts"),
}


@pytest.mark.parametrize(("ending", "encoder", "lacks"), TOLD_BY_DECODING.values(), ids=TOLD_BY_DECODING)
def test_a_file_that_tells_when_pictures_are_decoded_gives_the_times_at_which_they_are_shown(
    ending: str, encoder: tuple[str, ...], lacks: bytes, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """A bar that moves by 8 px from picture to picture tells which one it is."""
    bar = "color=black:s=320x180:r=25:d=1.2[b];color=white:s=8x180:r=25[w];[b][w]overlay=x=t*200:shortest=1"
    path = ffmpeg("-f", "lavfi", "-i", bar, "-pix_fmt", "yuv420p", *encoder, "-bf", "3", tmp_path / f"bar{ending}")
    if lacks:
        path.write_bytes(path.read_bytes().replace(lacks, b"free"))
    frames = read(path)
    assert said(path) == []
    assert len(frames) == 30
    for frame in frames:
        light = frame.image[:, :, 0].mean(axis=0)
        place = (np.arange(len(light)) * (light > 100)).sum() / (light > 100).sum() / len(light)
        assert place * 40 == pytest.approx(frame.time_s * 25 + 0.5, abs=0.4)


def test_times_that_rise_because_no_picture_refers_to_a_later_one_are_left_as_they_are(
    ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Pictures may come in another order, says the stream, and none does; their distance varies."""
    kept = ("-vf", "select='not(mod(n,3))+lt(n,10)'", "-fps_mode", "vfr")
    encoder = (*X264B, "-force_key_frames", "expr:1", "-x264-params", "keyint=1:bframes=3")
    path = ffmpeg(*pattern("1"), *kept, *encoder, tmp_path / "clip.mp4")
    times_s = [n / 30 for n in range(30) if n < 10 or n % 3 == 0]
    assert [frame.time_s for frame in read(path)] == pytest.approx(times_s, abs=1e-3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a matter of POSIX")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """Without a writer opening it would hang; and what has been read of it cannot be read again."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(VideoError, match=r"pipe\.mp4 is a pipe or a device.*save it to one first"):
        reader.open_video(pipe)
    read_end, write_end = os.pipe()
    try:
        with pytest.raises(VideoError, match=r"is whatever is open there.*save it to one first"):
            reader.open_video(f"/dev/fd/{read_end}")
    finally:
        os.close(read_end)
        os.close(write_end)
    with pytest.raises(VideoError, match="- is standard input"):
        reader.open_video("-")


# --- geometry ----------------------------------------------------------------------------------------------

FIXED = 65536
MATRICES = [
    ((1, 0, 0, 1), Orientation()),
    ((0, 1, -1, 0), Orientation(True, True, False)),
    ((-1, 0, 0, -1), Orientation(False, True, True)),
    ((0, -1, 1, 0), Orientation(True, False, True)),
    ((-1, 0, 0, 1), Orientation(False, True, False)),
    ((1, 0, 0, -1), Orientation(False, False, True)),
    ((0, 1, 1, 0), Orientation(True, False, False)),
    ((0, -1, -1, 0), Orientation(True, True, True)),
]


@pytest.mark.parametrize(("numbers", "expected"), MATRICES)
def test_the_eight_display_matrices(numbers: tuple[int, ...], expected: Orientation) -> None:
    """A point (x, y) of the stored picture is shown at (ax + cy, bx + dy)."""
    a, b, c, d = numbers
    matrix = np.array([a * FIXED, b * FIXED, 0, c * FIXED, d * FIXED, 0, 0, 0, 1 << 30], "=i4").tobytes()
    turned = geometry.orientation(matrix)
    assert turned == expected
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    shown = turned.apply(stored)
    for y in range(2):
        for x in range(3):
            to_x, to_y = a * x + c * y, b * x + d * y
            to_x += shown.shape[1] - 1 if a + c < 0 else 0
            to_y += shown.shape[0] - 1 if b + d < 0 else 0
            assert shown[to_y, to_x] == stored[y, x]


class TurnedFrame:
    """A frame with side data of a kind that PyAV does not know."""

    def __init__(self, rotation: int) -> None:
        self.rotation = rotation

    @property
    def side_data(self) -> dict[str, bytes]:
        raise ValueError("31 is not a valid Type")


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, Orientation()),
        (90, Orientation(True, False, True)),
        (-90, Orientation(True, True, False)),
        (180, Orientation(False, True, True)),
    ],
)
def test_a_frame_with_unknown_side_data_is_turned_all_the_same(rotation: int, expected: Orientation) -> None:
    """By so many degrees counterclockwise."""
    assert geometry.frame_orientation(TurnedFrame(rotation)) == expected


@pytest.mark.parametrize("shrink", [1, 2])
@pytest.mark.parametrize("colours", [8, 10, 14])
def test_colours_that_ffmpeg_does_not_convert_are_light_and_dark_all_the_same(
    colours: int, shrink: int, ffmpeg: Ffmpeg, clips: Path, tmp_path: Path
) -> None:
    source = ffmpeg(*pattern("0.2"), *X264, clips / "colours.mp4")
    stated = ("-c", "copy", "-bsf:v", f"h264_metadata=matrix_coefficients={colours}")
    made = read(ffmpeg("-i", source, *stated, tmp_path / "made.mp4"), shrink=shrink)
    for frame, plain in zip(made, read(source, shrink=shrink), strict=True):
        assert np.abs(grey(frame.image) - grey(plain.image)).mean() < 4


def test_pictures_with_exif_data_are_read(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    assert len(read(ffmpeg(*pattern("0.2"), "-c:v", "tiff", "-pix_fmt", "rgb24", tmp_path / "clip.mov"))) == 6


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        (Shape(720, 576, Fraction(64, 45)), (1024, 576)),
        (Shape(720, 480, Fraction(8, 9)), (720, 540)),
        (Shape(480, 360, Fraction(4, 3), Orientation(True)), (360, 640)),
        (Shape(640, 360), (640, 360)),
    ],
)
def test_pictures_are_shown_in_true_shape_and_lose_no_pixel(shape: Shape, shown: tuple[int, int]) -> None:
    assert shape.shown == shown


@pytest.mark.parametrize(
    ("encoder", "rows"),
    [(X264, 60), (X264B, 60), (("-c:v", "mpeg2video"), 72)],
    ids=["h264", "h264 b frames", "mpeg2"],
)
def test_an_aspect_that_changes_in_mid_file_is_shown_in_its_true_shape(
    encoder: tuple[str, ...], rows: int, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Within the size that the file began with: the same pixels, twice as wide as high, fill half of the height.

    No frame is lost or shown in the shape of others, although decoders hold some back. MPEG-2 knows nothing wider than
    2.21 to 1.
    """
    source = ["-f", "lavfi", "-i", "color=white:s=160x120:r=24:d=0.5", *encoder, "-f", "mpegts"]
    parts = [ffmpeg(*source, "-vf", f"setsar={ratio}", tmp_path / f"{ratio}.ts").read_bytes() for ratio in (1, 2)]
    (tmp_path / "clip.ts").write_bytes(b"".join(parts))
    light = [frame.image.min(axis=2) > 128 for frame in read(tmp_path / "clip.ts")]
    lit = [(int(frame.any(axis=1).sum()), int(frame.any(axis=0).sum())) for frame in light]
    assert lit == [(120, 160)] * 12 + [(rows, 160)] * 12


@pytest.mark.parametrize("width", [98, 160, 250])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p"])
def test_rows_are_not_padded(width: int, pixels: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """MediaPipe sees nobody in a picture whose rows are."""
    source = ["-f", "lavfi", "-i", f"testsrc=s={width}x60:r=10:d=0.2", "-pix_fmt", pixels]
    for frame in read(ffmpeg(*source, "-c:v", "ffv1", tmp_path / "clip.mkv")):
        assert frame.image.flags["C_CONTIGUOUS"]
        assert frame.image.shape == (60, width, 3)


@pytest.mark.parametrize("stated", [None, Fraction(0), Fraction(100), Fraction(1, 100), Fraction(-1)])
def test_a_nonsensical_pixel_aspect_is_square(stated: Fraction | None) -> None:
    assert geometry.pixel_aspect(stated) == 1


def test_legs_have_no_combs(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """A bar that moves by 4 px from field to field: as stored its edges jump from row to row."""
    moving = "color=black:s=320x240:r=60:d=1[b];color=white:s=40x240:r=60[w];[b][w]overlay=x=n*4:shortest=1"
    fields = ["-f", "lavfi", "-i", moving, "-vf", "tinterlace=interleave_top", "-pix_fmt", "yuv420p"]
    path = ffmpeg(*fields, *X264, "-x264-params", "tff=1", tmp_path / "bar.ts")
    frames = read(path)
    assert len(frames) == 30
    for frame in frames[2:-2]:
        rows = frame.image[20:-20, :, 0].astype(int)
        assert rows.max() > 150
        assert np.abs(np.diff(rows, axis=0)).mean() < 4  # 20 and more as stored
    assert [frame.time_s for frame in frames] == pytest.approx([n / 30 for n in range(30)], abs=1e-3)


@pytest.mark.parametrize("ending", [".ts", ".mp4"])
def test_fields_of_h264_that_are_pictures_of_their_own_make_frames(ending: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    raw = tmp_path / "fields.h264"
    raw.write_bytes(field_pictures(12))
    frames = read(ffmpeg("-r", "50", "-i", raw, "-c", "copy", tmp_path / f"fields{ending}"))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(12)], abs=1e-3)
    for frame in frames:
        rows = frame.image[4:-4, :, 0].astype(int)
        assert frame.image.shape == (64, 64, 3)
        assert np.abs(np.diff(rows, axis=0)).mean() < 4  # 22 as stored


def test_fields_of_hevc_are_pictures_of_half_the_rows(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=s=160x60:r=50:d=1", "-pix_fmt", "yuv420p", "-c:v", "libx265"]
    path = ffmpeg(*source, "-x265-params", "interlace=tff:log-level=none", tmp_path / "fields.mp4")
    with reader.open_video(path) as video:
        assert (video.info.width, video.info.height) == (160, 120)
        assert len(list(video.frames())) == 50


def test_a_picture_that_outgrows_the_bound_in_mid_file_is_left_out(
    ffmpeg: Ffmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not decoded at all: 15,000 by 15,000 pixels would take a gigabyte. Here the bound is smaller."""
    monkeypatch.setattr(pyav_decoder, "MAX_PX", 20_000)
    source = ["-f", "lavfi", "-i", "testsrc=r=10:d=1:s=64x48", "-q:v", "2"]
    small = ffmpeg(*source, tmp_path / "small.mjpeg").read_bytes()
    large = ffmpeg(*source, "-vf", "scale=640:480", tmp_path / "large.mjpeg").read_bytes()
    path = tmp_path / "grows.mjpeg"
    path.write_bytes(small + large + small)
    with reader.open_video(path) as video:
        shapes = [frame.image.shape for frame in video.frames()]
    assert shapes == [(48, 64, 3)] * 20


BOTH = "[0:v]split[a][b];[b]crop=312:180:6:0,pad=320:180[c];[a][c]"
LEFT_RIGHT = ("-metadata:s:v", "stereo_mode=left_right")
REPEATED = {
    "side by side": ("hstack", ".mp4", (), True),
    "squeezed side by side": ("hstack,scale=320:180", ".mp4", (), True),
    "over each other": ("vstack", ".mp4", (), True),
    "squeezed over each other": ("vstack,scale=320:180", ".mp4", (), True),
    "of one colour, and Matroska says so": ("hstack,drawbox=c=gray:t=fill", ".mkv", LEFT_RIGHT, True),
    "of one colour, and H.264 says so": (
        "hstack,scale=320:180,drawbox=c=gray:t=fill", ".mkv", ("-x264-params", "frame-packing=3"), True),
    "flat, and still said to be two": ("overlay", ".mkv", LEFT_RIGHT, False),
    "the same, mirrored": ("hstack,split[d][e];[d]crop=320:180:0:0[f];[e]crop=320:180:0:0,hflip[g];[f][g]hstack",
                           ".mp4", (), False),
    "another one beside it": ("hstack,split[d][e];[d]crop=320:180:0:0[f];[e]crop=320:180:0:0,vflip,negate[g];"
                              "[f][g]hstack", ".mp4", (), False),
}  # fmt: skip


@pytest.mark.parametrize(("graph", "ending", "options", "repeated"), REPEATED.values(), ids=REPEATED)
def test_of_two_pictures_of_the_same_one_is_looked_at(
    graph: str, ending: str, options: tuple[str, ...], repeated: bool, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2", "-filter_complex", BOTH + graph]
    path = ffmpeg(*source, "-pix_fmt", "yuv420p", *X264, *options, tmp_path / f"clip{ending}")
    with reader.open_video(path) as video:
        frames = list(video.frames())
        codes = {warning.code.value for warning in video.warnings()}
    assert ("view_repeated" in codes) == repeated
    assert ("it shows the same" in video.info.reader) == repeated
    if repeated:
        assert frames[0].image.shape == (180, 320, 3)


def test_the_box_of_a_camera_with_two_lenses(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """Its pictures are square, side by side."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=180x180:r=10:d=1", "-filter_complex", "[0:v]split[a][b];[a][b]hstack"]
    stated = ffmpeg(*source, "-pix_fmt", "yuv420p", *X264, *LEFT_RIGHT, tmp_path / "clip.mkv")
    path = ffmpeg("-i", stated, "-c", "copy", "-strict", "unofficial", tmp_path / "clip.mp4")
    assert b"st3d" in path.read_bytes()
    plain = read(ffmpeg(*source[:4], "-pix_fmt", "yuv420p", *X264, tmp_path / "plain.mp4"))
    for frame, expected in zip(read(path), plain, strict=True):
        assert frame.image.shape == (180, 180, 3)
        assert np.abs(grey(frame.image) - grey(expected.image)).mean() < 4


# --- parameter sets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".ts"])
@pytest.mark.parametrize(("options", "expected"), [((), False), (("-x264-params", "tff=1"), True)])
@pytest.mark.parametrize("profile", ["baseline", "high", "high422"])
def test_whether_a_stream_may_be_interlaced(
    ending: str, options: tuple[str, ...], expected: bool, profile: str, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    if expected and profile == "baseline":
        pytest.skip("the profile has no fields")
    pixels = "yuv422p" if profile == "high422" else "yuv420p"
    encoder = ["-c:v", "libx264", "-profile:v", profile, "-pix_fmt", pixels, *options]
    path = ffmpeg(*pattern("0.2")[:-2], *encoder, tmp_path / f"clip{ending}")
    with open_container(path) as container:
        extradata = container.streams.video[0].codec_context.extradata
        [unit] = parameter_sets.in_configuration(extradata, "h264")
        assert parameter_sets.may_be_interlaced(unit, "h264") is expected


@given(data=st.binary(max_size=200), codec=st.sampled_from(["h264", "hevc"]))
def test_parameter_sets_of_any_bytes_are_read_without_error(data: bytes, codec: str) -> None:
    for unit in parameter_sets.in_configuration(data, codec) | parameter_sets.in_packet(data, data[:30], codec):
        parameter_sets.may_be_interlaced(unit, codec)
    parameter_sets.temporal_layers(data, codec)
    parameter_sets.is_referred_to(data, data[:30], codec)


# --- lengths -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi"])
def test_whether_a_file_is_cut_short_is_told_by_its_bytes(ending: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("1"), tmp_path / f"clip{ending}")
    assert not layout.look_at(path).cut_short
    path.write_bytes(path.read_bytes()[:-100])
    assert layout.look_at(path).cut_short


def test_what_a_phone_writes_behind_an_mp4_is_no_part_of_it(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = ffmpeg(*pattern("0.2"), tmp_path / "slow.mp4")
    path.write_bytes(path.read_bytes() + b"\0\0\x30\x08\x0b\0\0\0SlowMotion_Data" + b"SEFH" + bytes(20) + b"SEFT")
    assert not layout.look_at(path).cut_short


@pytest.mark.parametrize("ending", [".flv", ".mxf", ".mp4"])
def test_a_cut_file_says_so_however_little_is_missing(ending: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The MP4 is one of fragments, which can be read without its end."""
    encoder = ["-c:v", "mpeg2video"] if ending == ".mxf" else [*X264, "-bf", "0"]
    fragments = ["-g", "15", "-movflags", "frag_keyframe+empty_moov"] if ending == ".mp4" else []
    path = ffmpeg(*pattern("4"), *encoder, *fragments, tmp_path / f"clip{ending}")
    assert said(path) == []
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"mdat") + 2000 if ending == ".mp4" else len(content) * 7 // 8])
    assert said(path) == ["file_cut_short"]


@pytest.mark.parametrize(
    ("ending", "options"),
    [(".wmv", ("-c:v", "wmv2")), (".mkv", (*X264, "-live", "1"))],
)
def test_a_cut_file_that_does_not_say_how_long_it_lasts(
    ending: str, options: tuple[str, ...], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    path = ffmpeg(*pattern("1"), *options, tmp_path / f"clip{ending}")
    assert said(path) == []
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert said(path) == ["file_breaks_off"]


PACKET_BYTES = 188


def test_pictures_that_are_spoiled_because_data_were_lost(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """As of a bad reception: one packet in a hundred is missing."""
    content = ffmpeg(*pattern("2"), *X264, tmp_path / "whole.ts").read_bytes()
    packets = [content[at : at + PACKET_BYTES] for at in range(0, len(content), PACKET_BYTES)]
    path = tmp_path / "lossy.ts"
    path.write_bytes(b"".join(packet for n, packet in enumerate(packets) if n % 100 != 50))
    assert said(path) == ["picture_spoiled"]
    path.write_bytes(b"".join(packet for n, packet in enumerate(packets) if n != len(packets) - 50))
    assert said(path) == []


def test_pictures_that_are_spoiled_because_they_were_joined_without_being_decoded(
    ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Matroska states one size, that of the first, and the decoder takes what comes later for that."""
    source = ffmpeg(*pattern("4"), tmp_path / "clip.mp4")
    encoder = ("-c:v", "mpeg4", *Q)
    assert said(concatenated(encoder, encoder, ".mkv")(ffmpeg, source, tmp_path)) == []
    wide = (*encoder, "-vf", "scale=320:120")
    assert said(concatenated(encoder, wide, ".mkv")(ffmpeg, source, tmp_path)) == ["picture_spoiled"]


@pytest.mark.parametrize("ending", [".ts", ".mpg"])
def test_a_recording_of_two_programs(ending: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The largest is read, whichever is named first."""
    path = ffmpeg(
        *pattern("1"),
        *("-map", "0", "-map", "0", "-filter:v:1", "scale=320:240", "-c:v", "mpeg2video", tmp_path / f"two{ending}"),
    )
    with reader.open_video(path) as video:
        frames = list(video.frames())
        assert [warning.code.value for warning in video.warnings()] == ["another_program"]
    assert {frame.image.shape for frame in frames} == {(240, 320, 3)}


def test_which_pictures_are_spoiled(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """From the one that lacks data up to the next key frame, here of 60 with one in every ten."""
    content = ffmpeg(*pattern("2"), *X264, "-g", "10", "-bf", "0", tmp_path / "whole.ts").read_bytes()
    packets = [content[at : at + PACKET_BYTES] for at in range(0, len(content), PACKET_BYTES)]
    begins = [n for n, packet in enumerate(packets) if packet[1:3] == b"\x41\x00"]
    path = tmp_path / "lossy.ts"
    for hit, spoiled in ((17, 3), (19, 1), (20, 10)):
        path.write_bytes(b"".join(packet for n, packet in enumerate(packets) if n != begins[hit] + 1))
        decoder = PyAvDecoder(path, 1, 0)
        while decoder.grab() is not None:
            pass
        decoder.close()
        assert decoder.spoiled == pytest.approx(spoiled / 60)


@pytest.mark.parametrize(
    ("other", "frames", "expected"),
    [
        (("-mpegts_start_pid", "0x150"), 60, ["timestamps_repaired"]),
        (("-mpegts_start_pid", "0x150", "-mpegts_pmt_start_pid", "0x1234"), 30, ["part_left_out"]),
    ],
    ids=["of one program", "of two programs"],
)
def test_a_video_stream_that_changes_its_number(
    other: tuple[str, ...], frames: int, expected: list[str], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Recordings of two devices that were joined."""
    parts = [ffmpeg(*pattern("1"), *X264, *numbers, tmp_path / f"{len(numbers)}.ts") for numbers in ((), other)]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(read(path)) == frames
    assert said(path) == expected


def edited(make: Make, *entries: tuple[int, int, float]) -> Make:
    """With another edit list in an MP4 file whose index is at its end: seconds, beginning in frames, speed."""

    def made(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        path = make(ffmpeg, clip, folder)
        content = path.read_bytes()
        listed = b"".join(
            struct.pack(">Iii", 1000 * s, at * 512 if at >= 0 else -1, int(speed * 65536)) for s, at, speed in entries
        )
        box = struct.pack(">I4sII", 16 + len(listed), b"elst", 0, len(entries)) + listed
        at = content.index(b"edts") - 4
        length = int.from_bytes(content[at : at + 4])
        content = content[:at] + struct.pack(">I4s", 8 + len(box), b"edts") + box + content[at + length :]
        for around in (b"moov", b"trak"):
            start = content.rindex(around, 0, at) - 4
            grown = int.from_bytes(content[start : start + 4]) + 8 + len(box) - length
            content = content[:start] + grown.to_bytes(4) + content[start + 4 :]
        path.write_bytes(content)
        return path

    return made


EDITS = {
    "from the second on": (((1, 30, 1),), 30),
    "late": (((1, -1, 1), (2, 0, 1)), 60),
    "two parts": (((1, 30, 1), (1, 0, 1)), 60),
    "twice as fast": (((1, 0, 2),), 60),
    "half as fast": (((4, 0, 0.5),), 60),
    "a picture that is held": (((1, 0, 1), (1, 30, 0), (1, 30, 1)), 60),
    "nothing in between": (((1, 0, 1), (1, -1, 1), (1, 30, 1)), 60),
    "without a length": (((0, 0, 1),), 60),
}


@pytest.mark.parametrize(("edits", "frames"), EDITS.values(), ids=EDITS)
def test_an_edit_list_is_followed_or_left_out(
    edits: tuple[tuple[int, int, float], ...], frames: int, ffmpeg: Ffmpeg, clips: Path, tmp_path: Path
) -> None:
    """One that changes the speed would leave out a half of the video, or show a part twice."""
    clip = ffmpeg(*pattern("2"), clips / "two_seconds.mp4")
    path = edited(by(".mp4", *X264), *edits)(ffmpeg, clip, tmp_path)
    assert len(read(path)) == frames


# --- pictures without information --------------------------------------------------------------------------


def said(path: Path) -> list[str]:
    with reader.open_video(path) as video:
        for _ in video.frames(15):
            pass
        return [warning.code.value for warning in video.warnings()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("colour", "noise", "seconds", "expected"),
    [
        *(("black", 0, 1.5, []), ("black", 0, 3.0, ["picture_blank"]), ("black", 12, 3.0, ["picture_blank"])),
        *(("gray", 12, 1.5, []), ("gray", 0, 3.0, ["picture_blank"]), ("gray", 12, 3.0, ["picture_blank"])),
    ],
)
def test_a_black_or_grey_stretch_is_noticed_if_it_is_most_of_the_video(
    colour: str, noise: int, seconds: float, expected: list[str], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """With noise, as of a camera whose lens is covered, and without."""
    moving = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=2"]
    blank = ["-f", "lavfi", "-i", f"color={colour}:s=160x120:r=30:d={seconds},noise=alls={noise}:allf=t"]
    joined = ["-filter_complex", "[0:v][1:v]concat", "-pix_fmt", "yuv420p"]
    assert said(ffmpeg(*moving, *blank, *joined, tmp_path / "blank.mp4")) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(1.5, []), (5, ["picture_frozen"])])
def test_a_frozen_stretch_is_noticed(seconds: float, expected: list[str], ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    moving = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=2"]
    held = ["-vf", f"tpad=stop_mode=clone:stop_duration={seconds}", "-pix_fmt", "yuv420p"]
    assert said(ffmpeg(*moving, *held, tmp_path / "frozen.mp4")) == expected


@pytest.mark.parametrize(("rate", "expected"), [(5, ["few_frames"]), (7, ["few_frames"]), (8, []), (10, [])])
def test_too_few_frames_are_noticed(rate: int, expected: list[str], ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", f"testsrc2=s=160x120:r={rate}:d=3", "-pix_fmt", "yuv420p"]
    assert said(ffmpeg(*source, tmp_path / "few.mp4")) == expected


def test_long_gaps_between_many_frames_are_nothing_to_note(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """As of a screen recorder, which writes nothing while nothing changes."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=3", "-vf", "select='lt(n,30)+gt(n,80)'"]
    path = ffmpeg(*source, "-fps_mode", "vfr", "-pix_fmt", "yuv420p", tmp_path / "gaps.mp4")
    assert said(path) == []


@pytest.mark.slow
def test_a_black_video_is_not_said_to_be_empty_of_people(cli: Cli, ffmpeg: Ffmpeg, tmp_path: Path, model: Path) -> None:
    path = ffmpeg("-f", "lavfi", "-i", "color=black:s=160x120:r=10:d=1", "-pix_fmt", "yuv420p", tmp_path / "b.mp4")
    result = cli("analyze", path)
    assert result.code == 0
    assert result.err.startswith("note: the picture is black, grey or of one colour in 100% of the video")
    assert "nobody" not in result.err
