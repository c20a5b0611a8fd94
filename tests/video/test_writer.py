"""Recording in the background: whatever goes wrong while encoding is reported, and leaving never hangs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from math import nan
from pathlib import Path

import av
import numpy as np
import pytest

from repcount import interrupts
from repcount.errors import OutputError
from repcount.types import Frame
from repcount.video import writer
from repcount.video.writer import BackgroundVideoWriter, VideoWriter

IMAGE = np.zeros((120, 160, 3), np.uint8)
LEAVE_S = 30.0
"""Far longer than any test here takes to encode."""
MORE_THAN_QUEUED = 100


def record(path: Path, frames: list[Frame], until: threading.Event | None = None) -> BackgroundVideoWriter:
    """Record `frames` on a thread of its own, so that leaving that hangs fails the test and not the run.

    It is left no sooner than `until` is set.
    """
    recordings: list[BackgroundVideoWriter] = []

    def run() -> None:
        with BackgroundVideoWriter(path) as recording:
            recordings.append(recording)
            for frame in frames:
                recording.write(frame)
            if until is not None:
                until.wait()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LEAVE_S)
    assert not thread.is_alive(), "leaving hangs"
    return recordings[0]


def frames(count: int) -> list[Frame]:
    return [Frame(number / 30, IMAGE) for number in range(count)]


def test_a_recording_holds_its_frames(tmp_path: Path) -> None:
    recording = record(tmp_path / "good.mp4", frames(20))
    assert recording.trouble is None
    with av.open(str(tmp_path / "good.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) + recording.dropped_frames == 20


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Frame(nan, IMAGE), "ValueError: cannot convert float NaN to integer"),
        (Frame(0.5, IMAGE[0, 0]), "ValueError: not enough values to unpack"),
        (Frame(0.5, IMAGE.astype(np.float64)), "ValueError"),
        (Frame(0.5, None), "AttributeError"),  # type: ignore[arg-type]
    ],
    ids=["no time", "no size", "no bytes", "no image"],
)
@pytest.mark.parametrize("after", [0, MORE_THAN_QUEUED])
def test_a_frame_that_cannot_be_encoded_ends_the_recording(
    frame: Frame, reason: str, after: int, tmp_path: Path
) -> None:
    path = tmp_path / "bad.mp4"
    recording = record(path, [*frames(3), frame, *frames(after)])
    assert recording.trouble is not None
    assert recording.trouble.startswith(f"cannot write {path}: the encoder failed ({reason}")
    assert "\n" not in recording.trouble
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["write", "finish"])
@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OutputError("the disk is full"), "the disk is full"),
        (MemoryError(), "the encoder failed (MemoryError)"),
        (RuntimeError("on two\nlines"), "the encoder failed (RuntimeError: on two lines)"),
        (SystemExit(3), "the encoder failed (SystemExit: 3)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_any_error_ends_the_recording(
    place: str, error: BaseException, trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is raised: in the middle, with more frames behind it than the queue holds, or at the very end."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(VideoWriter, place, fail)
    recording = record(tmp_path / "bad.mp4", frames(MORE_THAN_QUEUED))
    assert recording.trouble is not None
    assert recording.trouble.endswith(trouble)


def test_an_error_while_discarding_is_reported_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    discard: Callable[[VideoWriter], None] = VideoWriter.discard

    def fail(writer: VideoWriter) -> None:
        discard(writer)
        raise RuntimeError("and again")

    monkeypatch.setattr(VideoWriter, "discard", fail)
    recording = record(tmp_path / "bad.mp4", [Frame(nan, IMAGE), *frames(MORE_THAN_QUEUED)])
    assert recording.trouble is not None
    assert recording.trouble.endswith("the encoder failed (RuntimeError: and again)")


def test_after_an_error_frames_are_neither_queued_nor_counted(tmp_path: Path) -> None:
    with BackgroundVideoWriter(tmp_path / "bad.mp4") as recording:
        recording.write(Frame(nan, IMAGE))
        failed = threading.Event()
        while recording.trouble is None:
            failed.wait(0.005)
        for frame in frames(MORE_THAN_QUEUED):
            recording.write(frame)
        assert recording.dropped_frames == 0


@pytest.mark.parametrize(
    ("place", "limits"),
    [
        ("write", {"_HANGS_S": 0.0, "_LEAVING_S": 0.2}),
        ("finish", {"_FINISHING_S": 0.2}),
        ("finish", {"_LEAVING_S": 0.2, "signals": 1}),
        ("finish", {"_LEAVING_S": 0.2, "signals": 2}),
    ],
    ids=["at a frame", "at the end", "at the end after a signal", "at the end, and a signal while it is waited for"],
)
def test_an_encoder_that_hangs_is_left(
    place: str, limits: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, over = threading.Event(), threading.Event()
    signals = int(limits.pop("signals", 0))
    monkeypatch.setattr(interrupts, "_received", [signal.SIGTERM] * min(signals, 1))

    def hang(*_: object) -> None:
        hanging.set()
        if signals > 1:
            interrupts._received.append(signal.SIGTERM)
        over.wait()

    monkeypatch.setattr(VideoWriter, place, hang)
    for name, seconds in limits.items():
        monkeypatch.setattr(writer, name, seconds)
    try:
        recording = record(tmp_path / "bad.mp4", frames(3), hanging if place == "write" else None)
        assert recording.trouble is not None
        assert recording.trouble.startswith(f"cannot write {tmp_path / 'bad.mp4'}: it was not complete in time")
        assert list(tmp_path.iterdir()) == []
    finally:
        over.set()


@pytest.mark.parametrize("count", [20, 400])
def test_of_an_encoder_that_hangs_after_a_signal_what_is_written_is_kept(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any key frame after the first there is nothing that could be played."""
    hanging, over = threading.Event(), threading.Event()
    write: Callable[..., None] = VideoWriter.write

    def hang_later(self: VideoWriter, time_s: float, image: np.ndarray) -> None:
        if time_s * 30 >= count - 5:
            hanging.set()
            over.wait()
        write(self, time_s, image)

    monkeypatch.setattr(interrupts, "_received", [signal.SIGINT])
    monkeypatch.setattr(VideoWriter, "write", hang_later)
    monkeypatch.setattr(writer, "_QUEUED_FRAMES", count)
    monkeypatch.setattr(writer, "_LEAVING_S", 0.2)
    path = tmp_path / "cut.mp4"
    try:
        recording = record(path, frames(count), hanging)
        assert recording.trouble is not None
        if count < 30:
            assert recording.trouble == f"cannot write {path}: it was not complete in time"
            assert list(tmp_path.iterdir()) == []
        else:
            assert recording.trouble == f"the last seconds of {path} are missing: they were not written in time"
            assert list(tmp_path.iterdir()) == [path]
            with av.open(str(path)) as container:
                assert sum(1 for _ in container.decode(video=0)) >= count - 5 - 2 * 60
    finally:
        over.set()
