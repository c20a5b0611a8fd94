"""Tracking in parallel: the same for any number of jobs, nothing lost at the seams, and it stops when told."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field, replace
from itertools import islice, pairwise
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import Body, pose
from support.programs import SAMPLES, Ffmpeg

import repcount
from repcount.errors import ModelError
from repcount.pose import angles, chunking, parallel
from repcount.pose.chunking import WARMUP_FRAMES, FrameSlot, Warmup
from repcount.pose.landmarker import Landmarker
from repcount.pose.parallel import THREAD_NAME, Measured, ParallelPoseEstimator, measured
from repcount.types import Frame, Pose
from repcount.video import reader

HZ = 10.0
IMAGE = np.zeros((2, 2, 3), np.uint8)
BESIDE = (
    "[0:v]split[x][y];[x]transpose=1,scale=-2:440[upright];"
    "[y]scale=400:-2,pad=400:440:0:(oh-ih)[lying];[upright][lying]hstack"
)
"""The same person twice: turned upright and larger on the left, lying on the right."""


def of(path: Path, model: Path, jobs: int = 2, rate_hz: float = HZ) -> list[Measured]:
    with reader.open_video(path) as video:
        return list(measured(video, model, rate_hz, jobs))


def numbers(found: Iterable[Measured]) -> list[tuple[object, ...]]:
    """Everything in it, to the last bit; NaN, which is not equal to itself, as a word."""
    rows: list[tuple[object, ...]] = []
    for one in found:
        pose = one.pose and (one.pose.xy_px.tobytes(), one.pose.world_m.tobytes(), one.pose.visibility.tobytes())
        rows.append((*(repr(value) for value in astuple(one.sample)), pose))
    return rows


def at_work() -> int:
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


def hips(found: Iterable[Measured]) -> list[float]:
    return [one.sample.hip_deg for one in found]


@pytest.fixture(scope="module", autouse=True)
def _short_chunks() -> Iterator[None]:
    """Three seconds, so that short videos have seams."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunking, "_FIRST_CHUNK", 30)
        patch.setattr(chunking, "MAX_CHUNK", 30)
        yield


@pytest.fixture(scope="module")
def fast(model: Path) -> list[Measured]:
    return of(SAMPLES / "07_fast_reps.mp4", model, jobs=2)


# --- the model on real chunks ------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other", "same"), [(nan, nan, True), (nan, 1, True), (2, 2, True), (2, nan, False)])
def test_who_knows_of_a_neighbour_goes_on_until_the_other_does_too(one: float, other: float, same: bool) -> None:
    first, second = (replace(pose(Body()), people_lying=people) for people in (one, other))
    assert parallel.same_pose(first, second) is same
    assert parallel.same_pose(second, first) is same


@pytest.mark.parametrize(("hidden", "other_hidden"), [(True, True), (True, False), (False, True)])
def test_who_sees_the_picture_without_a_neighbour_goes_on_until_the_other_does_too(
    hidden: bool, other_hidden: bool
) -> None:
    first, second = (
        replace(pose(Body()), people_lying=2.0, neighbour_hidden=is_hidden) for is_hidden in (hidden, other_hidden)
    )
    assert parallel.same_pose(first, second) is (hidden is other_hidden)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 4])
def test_the_result_does_not_depend_on_the_number_of_jobs(fast: list[Measured], model: Path, jobs: int) -> None:
    assert numbers(of(SAMPLES / "07_fast_reps.mp4", model, jobs=jobs)) == numbers(fast)


@pytest.mark.slow
def test_the_samples_are_at_the_times_of_the_frames(fast: list[Measured]) -> None:
    with reader.open_video(SAMPLES / "07_fast_reps.mp4") as video:
        times = [frame.time_s for frame in video.frames(HZ)]
    assert [one.sample.time_s for one in fast] == times


@pytest.mark.slow
def test_chunks_differ_no_more_from_a_single_tracker_than_the_model_is_unsure(
    fast: list[Measured], model: Path
) -> None:
    """Two columns of pixels cut off make 0.4° at the median and 1.9° at the 95th percentile."""
    with reader.open_video(SAMPLES / "07_fast_reps.mp4") as video, Landmarker(model) as landmarker:
        alone = [angles.compute_sample(f.time_s, landmarker.detect(f)[0], "left").hip_deg for f in video.frames(HZ)]
    apart = np.abs(np.array(hips(fast)) - alone)
    assert np.median(apart) < 0.7
    assert apart.max() < 8


@pytest.mark.slow
def test_places_are_those_in_the_picture_of_the_source(
    ffmpeg: Ffmpeg, piece: Path, tmp_path: Path, model: Path
) -> None:
    large = ffmpeg("-i", piece, "-t", "1", "-vf", "scale=1920:1080", tmp_path / "large.mp4")
    pairs = list(zip(of(piece, model), of(large, model), strict=False))
    assert len(pairs) == 10
    for small, big in pairs:
        assert small.pose is not None
        assert big.pose is not None
        assert np.abs(3 * small.pose.xy_px - big.pose.xy_px).max() < 40
        assert big.sample.trunk_px == pytest.approx(3 * small.sample.trunk_px, rel=0.05)


@pytest.mark.slow
def test_the_one_who_lies_is_followed_across_seams(ffmpeg: Ffmpeg, clips: Path, model: Path) -> None:
    """A tracker that starts afresh may see the larger one, who stands, first: without a look at what was found before,
    6 of 12 reps are lost.
    """
    source = SAMPLES / "07_fast_reps.mp4"
    both = ffmpeg("-i", source, "-filter_complex", BESIDE, "-preset", "ultrafast", clips / "both.mp4")
    found = of(both, model)
    assert min(one.sample.hip_x for one in found) > 300
    assert repcount.count([one.sample for one in found]).summary.full == 12


@pytest.mark.slow
def test_where_nothing_moves_nothing_is_tracked(
    ffmpeg: Ffmpeg, piece: Path, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests = ffmpeg("-i", piece, "-vf", "tpad=stop_mode=clone:stop_duration=10", tmp_path / "rests.mp4")
    looked: list[float] = []
    detect = Landmarker.detect

    def noted(self: Landmarker, frame: Frame) -> list[Pose]:
        looked.append(frame.time_s)
        return detect(self, frame)

    monkeypatch.setattr(Landmarker, "detect", noted)
    found = of(rests, model)
    assert len(found) == pytest.approx(140, abs=1)
    assert 1 <= sum(time_s > 4.7 for time_s in looked) <= 3
    assert len(set(hips(found[60:]))) <= 8
    assert repcount.count([one.sample for one in found]).summary.full == 2


def test_nobody_in_the_picture(empty_room: Path, model: Path) -> None:
    found = of(empty_room, model)
    assert len(found) == 10
    assert all(one.pose is None and math.isnan(one.sample.hip_deg) for one in found)


def test_whoever_stops_reading_stops_the_threads(model: Path) -> None:
    with reader.open_video(SAMPLES / "07_fast_reps.mp4") as video:
        with closing(measured(video, model, HZ, 2)) as reading:
            assert [one.sample.time_s for one in islice(reading, 2)] == pytest.approx([0.0, 0.1], abs=0.01)
            assert 0 < at_work() <= 3
        assert at_work() == 0


def test_a_model_that_is_none_is_told(piece: Path, tmp_path: Path) -> None:
    (tmp_path / "model.task").write_bytes(b"no model")
    with pytest.raises(ModelError, match="MediaPipe refuses the pose model"):
        of(piece, tmp_path / "model.task")
    assert at_work() == 0


# --- the estimator ----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class FakeTracker:
    """Reports how many frames it has seen, and at which it began."""

    made: list[FakeTracker]
    closed: bool = False
    seen: list[float] = field(default_factory=list)

    def track(self, frame: Frame) -> Pose | None:
        assert not self.closed
        self.seen.append(frame.time_s)
        place = np.full((33, 2), [self.seen[0], len(self.seen)], float)
        return Pose(place, np.zeros((33, 3)), np.ones(33))

    def close(self) -> None:
        assert not self.closed
        self.closed = True


def chunks_of(size: int, count: int) -> Iterator[tuple[FrameSlot, Warmup | None]]:
    latest: deque[Frame] = deque(maxlen=WARMUP_FRAMES)
    for number in range(count):
        yield FrameSlot(float(number), IMAGE, still=False), tuple(latest) if number % size == 0 else None
        latest.append(Frame(float(number), IMAGE))


Agree = Callable[[Pose | None, Pose | None], bool]


def always(before: Pose | None, now: Pose | None) -> bool:
    return True


def run(
    jobs: int, agree: Agree, *, size: int = 20, count: int = 100
) -> tuple[list[tuple[float, ...]], list[FakeTracker]]:
    made: list[FakeTracker] = []

    def new_tracker() -> FakeTracker:
        made.append(FakeTracker(made))
        return made[-1]

    with ParallelPoseEstimator(chunks_of(size, count), new_tracker, agree, jobs, room=200) as work:
        poses = [(slot.time_s, *found.xy_px[0]) for slot, found in work.read() if found is not None]
    assert all(tracker.closed for tracker in made)
    return poses, made


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
def test_every_chunk_has_a_tracker_that_was_warmed_up(jobs: int) -> None:
    poses, made = run(jobs, always)
    begins = [max(number // 20 * 20 - WARMUP_FRAMES, 0) for number in range(100)]
    assert poses == [(number, begin, number - begin + 1) for number, begin in enumerate(begins)]
    assert sum(bool(tracker.seen) for tracker in made) == 5


@pytest.mark.parametrize(
    ("settled_after", "tracked"),
    [(1, [0, 1]), (2, [0, 1, 2]), (5, [0, 1, 2, 3, 4, 5]), (99, [0, 1, 2, 3, 4, 5, 6, 7])],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_still_frame_is_tracked_while_the_pose_wavers_if_its_image_is_kept(
    settled_after: int, tracked: list[int], jobs: int
) -> None:
    """Two frames in which something moves, six in which nothing does and the image is kept, two without one."""

    def slots() -> Iterator[tuple[FrameSlot, Warmup | None]]:
        for number in range(10):
            yield FrameSlot(float(number), IMAGE if number < 8 else None, still=number > 1), None if number else ()

    def agree(one: Pose | None, other: Pose | None) -> bool:
        return one is not None and other is not None and one.xy_px[0, 1] > settled_after

    made: list[FakeTracker] = []
    with ParallelPoseEstimator(slots(), lambda: FakeTracker(made), agree, jobs, room=200) as work:
        found = [pose.xy_px[0, 1] for _, pose in work.read() if pose is not None]
    assert found == [min(number, tracked[-1]) + 1 for number in range(10)]


@pytest.mark.parametrize(
    ("name", "missing", "settled"),
    [
        ("found at once", [], None),
        ("in the second frame", [0], 3),
        ("lost again", [0, 1, 4], 7),
        ("just in time", range(13), 15),
        ("too late", range(14), None),
        ("never", range(99), None),
    ],
)
@pytest.mark.parametrize(("jobs", "room"), [(1, 1), (2, 200)])
def test_who_is_found_late_is_followed_back_to_the_first_frame(
    name: str, missing: Sequence[int], settled: int | None, jobs: int, room: int
) -> None:
    """From where somebody has been found for half a second, if that is known within 3.5 s. The tracker sees a video
    that goes on."""
    shown: list[int] = []

    class Finds(FakeTracker):
        def track(self, frame: Frame) -> Pose | None:
            shown.append(int(frame.image[0, 0, 0]))
            found = super().track(frame)
            return None if len(self.seen) - 1 in missing else found

    def slots() -> Iterator[tuple[FrameSlot, Warmup | None]]:
        for number in range(20):
            yield FrameSlot(number / 4, np.full((2, 2, 3), number, np.uint8), still=False), None if number else ()

    made: list[FakeTracker] = []

    def new_tracker() -> FakeTracker:
        made.append(Finds(made))
        return made[-1]

    with ParallelPoseEstimator(slots(), new_tracker, always, jobs, room) as work:
        found = [(slot.time_s, pose is not None) for slot, pose in work.read()]
    assert found == [(number / 4, settled is not None or number not in missing) for number in range(20)], name
    again = [] if settled is None else [*range(settled + 1), *range(settled - 1, 0, -1)]
    assert shown == [*again, *range(20)]
    seen_s = next(tracker.seen for tracker in made if tracker.seen)
    assert all(after > before for before, after in pairwise(seen_s))


PATIENCE = 12


@pytest.mark.slow
@given(meeting=st.lists(st.integers(-1, 20), min_size=9, max_size=9), jobs=st.integers(1, 5))
def test_the_earlier_tracker_goes_on_until_both_agree(meeting: list[int], jobs: int) -> None:
    """`meeting` are the slots of the chunks where they begin to: -1 is the last frame that warms up."""

    def agree(before: Pose | None, now: Pose | None) -> bool:
        assert before is not None
        assert now is not None
        assert before.xy_px[0].sum() == now.xy_px[0].sum(), "both in the same frame"
        begin, seen = now.xy_px[0]
        return bool(seen - WARMUP_FRAMES - 1 >= meeting[(int(begin) + WARMUP_FRAMES) // 20 - 1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "_PATIENCE", PATIENCE)
        poses, _ = run(jobs, agree, count=200)
    begins = [0] * 20
    for chunk, slot in enumerate(meeting, start=1):
        at = max(slot, 0) if slot < PATIENCE else 20
        begins += [begins[-1]] * at + [20 * chunk - WARMUP_FRAMES] * (20 - at)
    assert poses == [(number, begin, number - begin + 1) for number, begin in enumerate(begins)]


def test_the_earlier_tracker_goes_on_over_a_chunk_that_is_tracked_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the superseded tracker has no say in the next chunk."""
    monkeypatch.setattr(parallel, "_PATIENCE", PATIENCE)
    ahead, behind = threading.Event(), threading.Event()

    class Late(FakeTracker):
        def track(self, frame: Frame) -> Pose | None:
            first, at = self.seen[0] if self.seen else frame.time_s, frame.time_s
            if at == 39 and first == 20 - WARMUP_FRAMES:
                ahead.set()
            if at == 39 and first == 40 - WARMUP_FRAMES:
                behind.set()
            if first == 0 and at in (19, 39):
                assert (ahead if at == 19 else behind).wait(60)
            return super().track(frame)

    made: list[FakeTracker] = []

    def agree(before: Pose | None, now: Pose | None) -> bool:
        assert before is not None
        assert now is not None
        assert before.xy_px[0].sum() == now.xy_px[0].sum(), "both in the same frame"
        return bool(now.xy_px[0, 0] != 20 - WARMUP_FRAMES)

    for _ in range(20):
        ahead.clear()
        behind.clear()
        with ParallelPoseEstimator(chunks_of(20, 100), lambda: Late(made), agree, 2, room=200) as work:
            poses = [found.xy_px[0, 0] for _, found in work.read() if found is not None]
        assert poses == [0] * 40 + [40 - WARMUP_FRAMES] * 20 + [60 - WARMUP_FRAMES] * 20 + [80 - WARMUP_FRAMES] * 20


@pytest.mark.slow
def test_a_superseded_chunk_ends_when_the_earlier_tracker_is_through_it() -> None:
    """Though both wait for the end of the video."""
    again = threading.Event()

    class Tells(FakeTracker):
        def track(self, frame: Frame) -> Pose | None:
            found = super().track(frame)
            if frame.time_s == 39 and self.seen[0] == 0:
                again.set()
            return found

    def slots() -> Iterator[tuple[FrameSlot, Warmup | None]]:
        yield from chunks_of(20, 40)
        assert again.wait(60)

    for _ in range(50):
        again.clear()
        with ParallelPoseEstimator(slots(), lambda: Tells([]), lambda before, now: False, 2, room=200) as work:
            assert [found.xy_px[0, 0] for _, found in work.read() if found is not None] == [0] * 40


@pytest.mark.slow
@given(room=st.integers(1, 60), size=st.integers(1, 40), agree=st.booleans(), jobs=st.integers(1, 4))
def test_no_more_images_are_held_than_there_is_room_for(room: int, size: int, agree: bool, jobs: int) -> None:
    """Any room will do: what has to be read next is never kept waiting by what comes later."""
    held: list[FrameSlot] = []
    most = 0

    def watched() -> Iterator[tuple[FrameSlot, Warmup | None]]:
        nonlocal most
        for slot, warmup in chunks_of(size, 200):
            held[:] = [each for each in held if each.image is not None]
            most = max(most, len(held))
            held.append(slot)
            yield slot, warmup

    with ParallelPoseEstimator(watched(), lambda: FakeTracker([]), lambda *_: agree, jobs, room) as work:
        assert sum(slot.image is None for slot, _ in work.read()) == 200
    assert most <= room + 1, "the last is decoded and waits for room"
    assert not any(slot.image is not None for slot in held)


@pytest.mark.slow
@given(meeting=st.lists(st.integers(-1, 20), min_size=9, max_size=9), jobs=st.integers(1, 5))
def test_no_more_trackers_are_open_than_jobs_but_two_at_a_seam(meeting: list[int], jobs: int) -> None:
    made: list[FakeTracker] = []
    most = 0

    def new_tracker() -> FakeTracker:
        nonlocal most
        made.append(FakeTracker(made))
        most = max(most, sum(not tracker.closed for tracker in list(made)))
        return made[-1]

    def agree(before: Pose | None, now: Pose | None) -> bool:
        assert now is not None
        begin, seen = now.xy_px[0]
        return bool(seen - WARMUP_FRAMES - 1 >= meeting[(int(begin) + WARMUP_FRAMES) // 20 - 1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "_PATIENCE", PATIENCE)
        with ParallelPoseEstimator(chunks_of(20, 200), new_tracker, agree, jobs, room=200) as work:
            assert sum(1 for _ in work.read()) == 200
    assert most <= max(jobs, 2)
    assert all(tracker.closed for tracker in made)


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_trackers_work_at_a_time_than_jobs(jobs: int) -> None:
    """Though the earlier one always goes on beside the one of the chunk: each waits for a moment for another."""
    lock, met = threading.Lock(), threading.Event()
    inside = [0]

    class Slow(FakeTracker):
        def track(self, frame: Frame) -> Pose | None:
            with lock:
                inside.append(inside[-1] + 1)
                if inside[-1] > jobs:
                    met.set()
            met.wait(0.002)
            with lock:
                inside.append(inside[-1] - 1)
            return super().track(frame)

    with ParallelPoseEstimator(chunks_of(20, 60), lambda: Slow([]), lambda *_: False, jobs, room=200) as work:
        assert sum(1 for _ in work.read()) == 60
    assert max(inside) <= jobs


class _OddError(Exception):
    pass


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_goes_wrong_while_tracking_is_raised_where_it_is_read(jobs: int) -> None:
    class Fails(FakeTracker):
        def track(self, frame: Frame) -> Pose | None:
            if frame.time_s == 50:
                raise _OddError
            return super().track(frame)

    made: list[FakeTracker] = []
    work = ParallelPoseEstimator(chunks_of(20, 100), lambda: Fails(made), always, jobs, room=200)
    with work, pytest.raises(_OddError):
        list(work.read())
    assert at_work() == 0


def test_what_goes_wrong_while_decoding_is_raised_where_it_is_read() -> None:
    def broken() -> Iterator[tuple[FrameSlot, Warmup | None]]:
        yield from chunks_of(20, 50)
        raise _OddError

    with (
        ParallelPoseEstimator(broken(), lambda: FakeTracker([]), always, 2, room=200) as work,
        pytest.raises(_OddError),
    ):
        list(work.read())
    assert at_work() == 0


@pytest.mark.parametrize("taken", [0, 1, 30, 99])
@pytest.mark.parametrize("room", [1, 200])
def test_a_reader_may_leave_at_any_time(taken: int, room: int) -> None:
    """The decoder waits for room then, and with little of it the trackers for frames."""
    made: list[FakeTracker] = []

    def new_tracker() -> FakeTracker:
        made.append(FakeTracker(made))
        return made[-1]

    with ParallelPoseEstimator(chunks_of(20, 5000), new_tracker, always, 3, room) as work:
        assert len(list(islice(work.read(), taken))) == taken
    assert at_work() == 0
    assert all(each.closed for each in made)


def test_a_reader_that_goes_on_after_the_end_is_told() -> None:
    with ParallelPoseEstimator(chunks_of(20, 100), lambda: FakeTracker([]), always, 2, room=200) as work:
        reading = work.read()
        next(reading)
    with pytest.raises(RuntimeError, match="left while it was read"):
        list(reading)


def test_an_empty_video() -> None:
    with ParallelPoseEstimator(iter(()), lambda: FakeTracker([]), always, 2, room=200) as work:
        assert list(work.read()) == []
