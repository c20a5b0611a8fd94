"""Decode a video once, track the person in chunks of it in parallel, and yield the poses in order."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from math import isnan, nan
from pathlib import Path
from threading import Semaphore, Thread
from types import TracebackType
from typing import Protocol, Self, TypeVar

from repcount.pose import angles, chunking
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.body import hip_distance_px
from repcount.pose.chunking import FrameSlot, Warmup, frame_slots, split_into_chunks
from repcount.pose.subject import FoundSubject, SubjectTracker
from repcount.pose.tracker import PersonTracker
from repcount.types import WHOLE, Frame, Pose, Sample, Span
from repcount.video import reader
from repcount.video.reader import VideoReader

TRACKED_LONG_SIDE_PX = 800
"""Approximate length of the longer side of the images that are tracked. On the labelled clips the hip angle differs
from that of full size by 0.43° at the median and 1.9° at the 95th percentile: as much as if two columns of pixels were
cut off. At 512 it is 0.58° and 2.6°. A body so small that it is barely measured well, with a trunk of 8 % of the
width, is 210 px long; the model sees 256."""

_CHUNK_BYTES, _MEMORY_BYTES = 260_000_000, 400_000_000
"""Most bytes of images in a chunk, and waiting in all: 376 and 579 images of 640 by 360. They bound the memory for
a video of any length. Measured: with chunks of 160 MB processor time rises by 3 % (means of seven alternating runs)."""

_ROOM_SHARE = 0.55
"""Pictures held at a time, as a share of the longest chunk, for each worker beyond the first. With one worker in the
middle of a chunk and another in the middle of the next, half of a chunk must be held. Simulated with decoding at a
tenth of the time of tracking, against a whole chunk: a set of 66 s takes no longer, one of 120 s 4 %; videos split in
two halves, of 40 s, 16 %. Measured: 0.55 saves 115 MB at 640 by 360, in equal processor time."""

_LEAST_ROOM = 170
"""So many of a chunk are held in any case: where pictures are large and chunks short, a worker waits sooner. Measured
at 1920 by 1080, whose chunks have 167: held whole, 20 s take 4.2 s instead of 4.5 (medians of three), in as much
memory as before."""

_AHEAD = 8
"""Pictures decoded ahead of a single worker. Heuristic: decoding one takes a tenth of the time of tracking one."""

_HANDFUL = 8
"""Poses handed to the reader at a time, fewer where a worker has to wait: it keeps none meanwhile, as their pictures
may take the room for the next. What the reader does with one pose is done again before the processor's caches have
forgotten how, and it is woken less often: measured on a set of 66 s, 2 % less processor time (medians of five runs)."""

_PATIENCE = 32
"""Frames after a seam within which two trackers that disagree may come to agree. Measured at 180 seams of the labelled
clips: 37 disagreed, of which 34 agreed within 25 frames and the others after 38 and more."""

_SAME_DEG = 5.0
_SAME_TRUNKS = 0.25
"""Two poses in one frame are the same when hip angle and place (in trunk lengths) differ by no more. Measured on 23
clips: half a second after its start a tracker is within 2.7° of one that has followed all along at the 95th percentile;
beyond that the model wavers between two opinions, or the trackers follow different people."""

_LATE_S, _SETTLED_S = 3.5, 0.5
"""Somebody who is found so soon, the first of these after the first frame at most, is looked for in the frames before
again, once found for the second without a break: seen small from the floor, or in grey on grey, people were found in
the middle of the first rep. In 16 of 185 rendered clips of people who lie from the first frame on nobody was found at
first, in four of them for 1.9 to 3.1 s. From the first frame in which somebody was found, with the legs on their way
up, the way back was lost at once in one of those. Heuristic: it takes the room of the images of so long, up to 60 MB,
and tracking them three times."""

_POLL_S = 0.05
"""How often a waiting thread checks whether to stop: no later than a thread that tracks notices it, after its frame. A
timeout is needed anyway, because on Windows Ctrl-C does not interrupt a wait without one."""

THREAD_NAME = "repcount tracking"

Found = tuple[FrameSlot, Pose | None]

LastTwo = tuple[Pose | None, Pose | None]
"""The pose in the last frame that was tracked, and that before it."""

_T = TypeVar("_T")


class Tracker(Protocol):
    """Tracks one person through frames given in order."""

    def track(self, frame: Frame) -> Pose | None:
        """The pose in `frame`, None if there is nobody."""

    def close(self) -> None:
        """Free the model. May be called from another thread."""


class _Delayed:
    """A tracker for which the video goes on later than it does."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.by_s = 0.0

    def track(self, frame: Frame) -> Pose | None:
        return self._tracker.track(replace(frame, time_s=frame.time_s + self.by_s))

    def close(self) -> None:
        self._tracker.close()


class _StoppedError(Exception):
    """Ends a thread when the work is no longer wanted or has failed elsewhere."""


@dataclass(eq=False)
class _Chunk:
    """A chunk on its way from the decoder through a worker to the reader; None ends either queue."""

    warmup: Warmup
    slots: queue.SimpleQueue[FrameSlot | None] = field(default_factory=queue.SimpleQueue)
    poses: queue.SimpleQueue[list[Found] | None] = field(default_factory=queue.SimpleQueue)
    tracker: _Delayed | None = None
    """Set by the worker before its first pose; the reader's as soon as `done` is set."""
    seam_pose: Pose | None = None
    """Pose in the last warm-up frame, set likewise."""
    superseded: bool = False
    """Set by the reader: the worker shall stop, an earlier tracker goes on."""
    done: bool = False
    """Set by the worker when it will not touch the tracker again."""


class ParallelPoseEstimator:
    """Decodes and tracks ahead of whoever reads. A context manager; leaving it ends all work at once.

    One thread decodes and `jobs` workers each track a chunk, every chunk with a tracker of its own that first sees
    the last frames of the chunk before. The reader stitches: where the tracker of the chunk before and the new one
    disagree at the seam, the earlier one goes on into the chunk until they agree, or to its end if they do not soon.
    Where somebody is found a little after the first frame, the first tracker goes back there and forward again.
    So the result depends on the chunks alone, not on `jobs` or on timing.
    """

    def __init__(
        self,
        slots: Iterable[tuple[FrameSlot, Warmup | None]],
        new_tracker: Callable[[], Tracker],
        same_pose: Callable[[Pose | None, Pose | None], bool],
        jobs: int,
        room: int,
        is_found: Callable[[Pose | None], bool] = lambda pose: pose is not None,
    ) -> None:
        """`slots` as `split_into_chunks` yields them, read in a thread; at most `room` of their images are held.

        `same_pose` tells whether two trackers have found the same in a frame, and `is_found` whether one has found whom
        it is to follow. At most `jobs` trackers work at a time, and no more are open, but always two: which of both
        goes on after a seam is known once they have met there.
        """
        self._slots, self._new_tracker, self._same_pose, self._is_found = slots, new_tracker, same_pose, is_found
        self._jobs = jobs
        self._room = Semaphore(room)
        self._tracker_room = Semaphore(max(jobs, 2))
        self._turns = Semaphore(jobs)
        self._trackers: set[_Delayed] = set()
        self._current: _Delayed | None = None  # whose poses stand at present; the reader's
        self._to_track: queue.SimpleQueue[_Chunk | None] = queue.SimpleQueue()
        self._to_read: queue.SimpleQueue[_Chunk | None] = queue.SimpleQueue()
        self._stopped = False
        self._errors: list[BaseException] = []
        works = [self._decode, *[self._track_chunks] * jobs]
        self._threads = [Thread(target=self._guard, args=[work], name=THREAD_NAME, daemon=True) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        for thread in self._threads:
            thread.join()
        for tracker in list(self._trackers):
            self._close_tracker(tracker)

    # --- waiting, in any thread ----------------------------------------------------------------------------

    def _check(self) -> None:
        if self._stopped:
            raise _StoppedError

    def _drain(self, source: queue.SimpleQueue[_T | None]) -> Iterator[_T]:
        """Everything that comes out of a queue before None."""
        while True:
            self._check()
            try:
                item = source.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if item is None:
                return
            yield item

    def _acquire(self, room: Semaphore) -> None:
        self._check()
        while not room.acquire(timeout=_POLL_S):
            self._check()

    # --- threads: one decodes, the others track ------------------------------------------------------------

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _StoppedError:
            pass
        except BaseException as error:
            self._errors.append(error)
            self._stopped = True

    def _decode(self) -> None:
        chunk = _Chunk(())  # nobody's
        for slot, warmup in self._slots:
            if warmup is not None:
                chunk.slots.put(None)
                chunk = _Chunk(warmup)
                self._to_track.put(chunk)
                self._to_read.put(chunk)
            self._check()
            if slot.image is not None:
                self._acquire(self._room)
            chunk.slots.put(slot)
        chunk.slots.put(None)
        for _ in range(self._jobs):
            self._to_track.put(None)
        self._to_read.put(None)

    def _track_chunks(self) -> None:
        # Room for a tracker before a chunk: the chunk to be read next must never wait for room taken by later ones.
        self._acquire(self._tracker_room)
        spare = [self._open_tracker()]  # the model loads while the first frames are decoded
        for chunk in self._drain(self._to_track):
            self._track(chunk, spare.pop() if spare else self._open_tracker())
            self._acquire(self._tracker_room)
        for tracker in spare:
            self._close_tracker(tracker)

    def _track(self, chunk: _Chunk, tracker: _Delayed) -> None:
        is_first = not chunk.warmup
        for frame in chunk.warmup:
            chunk.seam_pose = self._take_turn(tracker, frame)
        chunk.warmup, chunk.tracker = (), tracker
        poses: LastTwo = (None, None)
        slots = self._drain(chunk.slots)
        if is_first:
            begun, poses = self._begin(tracker, slots)
            chunk.poses.put(begun)
        found: list[Found] = []
        for slot in slots:
            poses = self._next_pose(tracker, slot, poses)
            found.append((slot, poses[0]))
            if len(found) == _HANDFUL or chunk.slots.empty():
                chunk.poses.put(found)
                found = []
            if chunk.superseded:
                break
        else:
            chunk.slots.put(None)  # for the reader, should it go on from here
        chunk.poses.put(found)
        chunk.done = True
        chunk.poses.put(None)

    def _begin(self, tracker: _Delayed, slots: Iterator[FrameSlot]) -> tuple[list[Found], LastTwo]:
        """Track until the person is followed safely or `_LATE_S` are over; what is found, and the last two poses.

        A person found later than in the first frame is followed back to it and forward again.
        """
        found: list[Found] = []
        poses: LastTwo = (None, None)
        earlier: list[FrameSlot] = []
        found_s = nan
        for slot in slots:
            poses = self._next_pose(tracker, slot, poses)
            found.append((slot, poses[0]))
            if not self._is_found(poses[0]):
                found_s = nan
            elif isnan(found_s):
                found_s = slot.time_s
            if slot.time_s - found_s >= (_SETTLED_S if earlier else 0.0):
                break
            if slot.time_s - found[0][0].time_s > _LATE_S:
                return found, poses
            earlier.append(replace(slot))
            self._release(slot)  # the decoder may need its room
        else:
            return found, poses
        if not earlier:
            return found, poses
        for before in reversed(earlier[1:]):
            self._check()
            if before.image is not None:
                self._take_turn(tracker, Frame(2 * slot.time_s - before.time_s, before.image))
        tracker.by_s = 2 * (slot.time_s - earlier[0].time_s)
        again: list[Found] = []
        poses = (None, None)
        for (told, _), before in zip(found, [*earlier, slot], strict=True):
            self._check()
            poses = self._next_pose(tracker, before, poses)
            again.append((told, poses[0]))
        return again, poses

    def _next_pose(self, tracker: Tracker, slot: FrameSlot, poses: LastTwo) -> LastTwo:
        """Where nothing moves the last pose stands, once it is like that before it."""
        if slot.image is None or (slot.still and self._same_pose(*poses)):
            return poses
        return self._take_turn(tracker, Frame(slot.time_s, slot.image)), poses[0]

    def _take_turn(self, tracker: Tracker, frame: Frame) -> Pose | None:
        with self._turns:
            return tracker.track(frame)

    def _open_tracker(self) -> _Delayed:
        self._trackers.add(tracker := _Delayed(self._new_tracker()))
        return tracker

    def _close_tracker(self, tracker: _Delayed) -> None:
        self._trackers.remove(tracker)
        tracker.close()
        self._tracker_room.release()

    def _release(self, slot: FrameSlot) -> None:
        """Free the room that the image of a slot takes."""
        if slot.image is not None:
            slot.image = None
            self._room.release()

    # --- the reader stitches -------------------------------------------------------------------------------

    def read(self) -> Iterator[Found]:
        """All slots in order, each with its pose; their images are gone. Raises what went wrong in any thread."""
        last = None
        try:
            for chunk in self._drain(self._to_read):
                for slot, pose in self._stitched(chunk, last):
                    self._release(slot)
                    last = pose
                    yield slot, pose
            if self._current is not None:
                self._close_tracker(self._current)
        except _StoppedError:
            if not self._errors:
                raise RuntimeError("the estimator was left while it was read") from None
            raise self._errors[0] from None

    def _stitched(self, chunk: _Chunk, last: Pose | None) -> Iterator[Found]:
        """The poses that stand in a chunk; `last` is the one before it."""
        handfuls: Iterator[list[Found]] = self._drain(chunk.poses)
        found = chain.from_iterable(handfuls)
        first = next(found)  # from here on the chunk has a tracker
        earlier, self._current = self._current, chunk.tracker
        found = chain([first], found)
        if earlier is not None:
            if self._same_pose(last, chunk.seam_pose):
                self._close_tracker(earlier)
            else:
                yield from self._bridged(chunk, earlier, found)
        yield from found

    def _bridged(self, chunk: _Chunk, earlier: _Delayed, found: Iterator[Found]) -> Iterator[Found]:
        """Go on with the tracker of the chunk before, until both agree or else to the end of the chunk."""
        poses: LastTwo = (None, None)
        for slot, other in islice(found, _PATIENCE):
            poses = self._next_pose(earlier, slot, poses)
            if self._same_pose(poses[0], other):
                self._close_tracker(earlier)
                yield slot, other
                return
            yield slot, poses[0]
        chunk.superseded = True
        useless, self._current = chunk.tracker, earlier
        for slot in chain((slot for slot, _ in found), self._drain(chunk.slots)):
            if useless is not None and chunk.done:
                self._close_tracker(useless)
                useless = None
            poses = self._next_pose(earlier, slot, poses)
            yield slot, poses[0]
        if useless is not None:
            self._close_tracker(useless)


# --- a whole video -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found in one frame."""

    sample: Sample
    pose: Pose | None
    """In pixels of the source, whatever the size of the image that was tracked."""


def measured(
    video: VideoReader,
    model: Path,
    rate_hz: float,
    jobs: int,
    span: Span = WHOLE,
    subject: FoundSubject | None = None,
) -> Generator[Measured]:
    """Track the person lying down in a part of a video at about `rate_hz` frames a second, in order.

    `subject` is whom to follow, found in frames of the size that is tracked; None for whoever raises the legs.
    At most `jobs` trackers work at a time (two are open at a seam), and none where nothing moves and the pose has
    settled: it stays that of the frame before. The result is the same for any `jobs`. Raises ModelError.
    """
    shrink = video.info.shrink(TRACKED_LONG_SIDE_PX)
    width, height = video.info.width, video.info.height
    image_bytes = 3 * width * height // shrink**2
    longest = min(max(_CHUNK_BYTES // image_bytes, chunking.MIN_CHUNK), chunking.MAX_CHUNK)
    length_s = min(video.info.duration_s, span.to_s) - span.from_s  # NaN where the duration is unknown
    expected = length_s * min(rate_hz, video.info.rate_hz)
    held = max(round(_ROOM_SHARE * longest), min(_LEAST_ROOM, longest))
    slots = split_into_chunks(gated(video, rate_hz, span), expected, longest, held)
    room = min(held * (jobs - 1), _MEMORY_BYTES // image_bytes) + _AHEAD
    sample, last = Sample(nan), None

    def new_tracker() -> Tracker:
        return PersonTracker(model) if subject is None else SubjectTracker(model, subject)

    with ParallelPoseEstimator(slots, new_tracker, same_pose, jobs, room, lies_on_back) as estimator:
        for slot, found in estimator.read():
            pose = found and replace(found, xy_px=found.xy_px * shrink)
            if found is last:
                sample = replace(sample, time_s=slot.time_s)
            else:
                sample = angles.compute_sample(slot.time_s, pose, sample.side)
            last = found
            yield Measured(sample, pose)


def gated(video: VideoReader, rate_hz: float, span: Span = WHOLE) -> Iterator[FrameSlot]:
    """The frames of a video to analyse, shrunk, through the motion gate."""
    shrink = video.info.shrink(TRACKED_LONG_SIDE_PX)
    further = max(round(video.info.shrink(chunking.TARGET_LONG_SIDE_PX) / shrink), 1)
    return frame_slots(video.frames(rate_hz, shrink, span), lambda frame: reader.to_grey(frame, further))


def lies_on_back(pose: Pose | None) -> bool:
    """Whether somebody who lies on the back was found."""
    return pose is not None and is_lying_on_back(pose)


def same_pose(one: Pose | None, other: Pose | None) -> bool:
    """Whether two poses in the same frame are of the same person in the same posture, and both or neither of them was
    found knowing of somebody who lies beside, and without that one in the image.
    """
    if one is None or other is None:
        return one is other
    if (one.people_lying > 1, one.neighbour_hidden) != (other.people_lying > 1, other.neighbour_hidden):
        return False
    a, b = (angles.compute_sample(0.0, pose, "left") for pose in (one, other))
    near = hip_distance_px(one, other) < _SAME_TRUNKS * max(a.trunk_px, b.trunk_px)
    return near and abs(a.hip_deg - b.hip_deg) < _SAME_DEG
