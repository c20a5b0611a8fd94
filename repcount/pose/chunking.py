"""Split a video into chunks that can be tracked in parallel, and skip the frames where nothing moves."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import ceil, isfinite
from typing import TYPE_CHECKING

from repcount.types import Frame
from repcount.video.opencv import cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

# --- motion gate -------------------------------------------------------------------------------------------

TARGET_LONG_SIDE_PX = 160
"""Approximate length of the longer side of the thumbnails that the motion gate compares. If the body fills three
quarters of the frame, the feet move by 0.6 px per degree of leg rotation."""

_CONTRAST_SHARE, _MIN_CHANGE, _MAX_CHANGE = 0.25, 1.0, 6.0
"""A change counts as motion when it exceeds this share of the thumbnail's contrast (its standard deviation), clamped
to these grey levels: a dark room has next to no contrast, and so do dark legs on a dark mat in a bright room.
Measured on 59 labelled clips: no share up to 0.6 changes a count, and 0.25 shifts no start of a rep by more than
0.02 s. Where the noise alone exceeds the threshold, no frame is skipped."""

_SETTLE_S = 0.5
"""Every frame is tracked for this long after the last motion. Heuristic: legs sink to the floor slowly, and the pose
model's landmarks lag behind."""

LEAD_IN_S = 0.25
"""Frames this long before a motion are tracked as well, because legs leave the floor softly. Measured: without them one
start in ten is 0.06 s late, with them 0.006 s."""

_UNSETTLED_S = 2.0
"""For this long after the last motion frames in which nothing moves can still be tracked, and are while poses differ
from one to the next: of somebody who is hard to see the model first finds bodies that are none, and took 1.0 s until
the right one stayed (rendered clip that begins with somebody lying still). Heuristic: twice as long."""

_KEEP_ALIVE_S = 5.0
"""Longest time without a tracked frame. Heuristic: it bounds the drift of the pose model's estimate; drift in the image
is caught by the gate itself."""


class Change(enum.Enum):
    """How a frame differs from those before it."""

    NOTHING = enum.auto()
    """The frame can be skipped, once the pose has settled."""
    SOMETHING = enum.auto()
    """The frame must be tracked."""
    MOVEMENT = enum.auto()
    """The frame must be tracked, and so must those of the last `LEAD_IN_S`."""


class MotionGate:
    """Decides from grey thumbnails, one after the other, which frames must be tracked.

    Each thumbnail is compared with the one before and with the last one tracked, so that slow motion adds up. The
    answers depend on nothing but the thumbnails and their times.
    """

    def __init__(self) -> None:
        self._previous: Grey | None = None
        self._tracked: Grey | None = None
        self._tracked_s = 0.0
        self._moved_s = 0.0

    def classify(self, time_s: float, thumbnail: Grey) -> Change:
        """Compare the next thumbnail, (height, width). Times must rise and sizes must not change."""
        change = self._change(time_s, thumbnail)
        self._previous = thumbnail
        if change is Change.MOVEMENT:
            self._moved_s = time_s
        if change is not Change.NOTHING:
            self._tracked, self._tracked_s = thumbnail, time_s
        return change

    def is_settling(self, time_s: float) -> bool:
        """Whether something has moved so shortly before that the pose may not have settled."""
        return 0.0 <= time_s - self._moved_s <= _UNSETTLED_S

    def _change(self, time_s: float, thumbnail: Grey) -> Change:
        if self._previous is None or self._tracked is None:
            return Change.MOVEMENT
        threshold = min(max(_CONTRAST_SHARE * float(cv2.meanStdDev(thumbnail)[1][0, 0]), _MIN_CHANGE), _MAX_CHANGE)
        if largest_change(thumbnail, self._previous) > threshold:
            return Change.MOVEMENT
        if time_s - self._moved_s <= _SETTLE_S or time_s - self._tracked_s >= _KEEP_ALIVE_S:
            return Change.SOMETHING
        return Change.SOMETHING if largest_change(thumbnail, self._tracked) > threshold else Change.NOTHING


def largest_change(thumbnail: Grey, previous: Grey) -> float:
    """Largest change, in grey levels, of the mean over any 3 by 3 pixels; single pixels are mostly noise."""
    if min(thumbnail.shape) < 3:
        return 0.0
    change = cv2.subtract(thumbnail, previous, dtype=cv2.CV_16S)
    sums = cv2.boxFilter(change, cv2.CV_16S, (3, 3), normalize=False)[1:-1, 1:-1]
    least, most, _, _ = cv2.minMaxLoc(sums)
    return max(most, -least, 0.0) / 9


@dataclass(slots=True)
class FrameSlot:
    """One analysed frame of a video: either tracked or, where nothing moves, skipped."""

    time_s: float
    image: NDArray[np.uint8] | None
    """(height, width, 3), RGB; None if the frame is skipped in any case, and once the image is no longer needed."""
    still: bool
    """Whether nothing moved: the pose is that of the frame before, if that one has settled or there is no image."""


def frame_slots(frames: Iterable[Frame], thumbnail: Callable[[Frame], Grey]) -> Iterator[FrameSlot]:
    """Run `frames` through the motion gate; `thumbnail` makes the small grey images that it compares."""
    gate = MotionGate()
    held: deque[Frame] = deque()
    for frame in frames:
        change = gate.classify(frame.time_s, thumbnail(frame))
        while held and held[0].time_s < frame.time_s - LEAD_IN_S:
            yield _still(held.popleft(), gate)
        if change is Change.NOTHING:
            held.append(frame)
            continue
        while held:
            before = held.popleft()
            yield _moving(before) if change is Change.MOVEMENT else _still(before, gate)
        yield _moving(frame)
    for frame in held:
        yield _still(frame, gate)


def _moving(frame: Frame) -> FrameSlot:
    return FrameSlot(frame.time_s, frame.image, still=False)


def _still(frame: Frame, gate: MotionGate) -> FrameSlot:
    return FrameSlot(frame.time_s, frame.image if gate.is_settling(frame.time_s) else None, still=True)


# --- chunks ------------------------------------------------------------------------------------------------

# Lengths of chunks count the frames that are tracked in any case; others cost little.

WARMUP_FRAMES = 5
"""Tracked frames from before a chunk that its tracker sees first, so that it has settled on the person at the seam."""

MAX_CHUNK, MIN_CHUNK = 380, 48
"""Longer chunks cost fewer starts of a tracker, but more memory: most of one is held while the one before is
tracked."""

_FIRST_CHUNK = 96
"""First chunk of a longer video: the second worker waits until it is decoded, which takes about as long as loading the
pose model, for which both workers wait anyway."""

_HALVES_UP_TO, _FIRST_HALF = 1.8, 0.54
"""Videos of up to 1.8 times the longest chunk are split in two, the first part slightly longer because the second
starts once the first is decoded. One seam is better than two: landmarks differ by a degree or so after a seam until the
new tracker has settled."""

_START_COST = 15
"""Starting a chunk takes as long as tracking this many frames: the pose model is loaded and the tracker warmed up."""

_MIN_GAIN = 2
"""The rest of a video is shared by both workers if that saves the time of this many starts. Heuristic."""

_STILL_SHARE = 0.25
"""A chunk may be shorter or longer by this share if the next can then begin where nothing moves. Heuristic."""

Warmup = tuple[Frame, ...]
"""Tracked frames from just before a chunk, in order; empty for the first chunk."""


def split_into_chunks(
    slots: Iterable[FrameSlot], expected: float, longest: int = MAX_CHUNK, room: int = MAX_CHUNK
) -> Iterator[tuple[FrameSlot, Warmup | None]]:
    """Yield each slot, together with the warm-up frames of the chunk if one begins with it, else None.

    `expected` is about how many slots there will be, or NaN; `longest` is the most tracked frames in a chunk, and
    `room` is how many of them can wait for a worker. A chunk begins with a tracked frame and, where possible, after
    frames in which nothing moves: tracking has the least to lose there.
    """
    latest: deque[Frame] = deque(maxlen=WARMUP_FRAMES)
    plan = TwoWorkerPlan(longest, room)
    tracked, length, due, still = 0, 0, 0, True
    for seen, slot in enumerate(slots):
        warmup = None
        if slot.image is not None and not slot.still:
            if tracked >= due - still * _STILL_SHARE * length:
                share = tracked / seen if seen else 1.0
                length = plan.next_length(tracked, share * (expected - seen))
                due = tracked + length
                warmup = tuple(latest)
            tracked += 1
            latest.append(Frame(slot.time_s, slot.image))
        still = slot.still
        yield slot, warmup


class TwoWorkerPlan:
    """Chooses chunk lengths so that two workers, each taking the next chunk when free, finish together.

    The plan ignores the true number of workers, because other chunks would give other results. Two cores are the
    least this is made for; with more, several videos are analysed at a time.
    """

    def __init__(self, longest: int, room: int) -> None:
        self._longest, self._room = longest, room
        self._loads = [0, 0]
        """Tracked frames given to each worker; the first is the worker that took the latest chunk."""
        self._given = 0

    def next_length(self, tracked: int, left: float) -> int:
        """Length of the chunk that begins after `tracked` frames, with about `left` more to come (may be NaN)."""
        if not tracked:
            return self._first(left)
        self._loads[0] += tracked - self._given + _START_COST
        self._given = tracked
        self._loads.sort()
        return self._length(left, self._loads[1] - self._loads[0])

    def _first(self, left: float) -> int:
        longest = min(self._longest, self._room)
        if not left <= _HALVES_UP_TO * self._longest:
            return min(_FIRST_CHUNK, longest)
        return min(max(ceil(_FIRST_HALF * left), MIN_CHUNK), longest)

    def _length(self, left: float, lead: int) -> int:
        """`lead` is how many frames longer the other worker is busy.

        When that one is free it has to wait until this chunk is decoded, and of this one no more can wait than there is
        room for.
        """
        longest = min(self._longest, self._room + max(lead - _START_COST, 0))
        both_end = (left + lead) / 2
        if not isfinite(left):
            return longest
        if left <= self._longest and left - both_end < _MIN_GAIN * _START_COST:
            return self._longest  # the last chunk, if the video is as long as it claims
        return min(max(ceil(both_end / ceil(both_end / longest)), MIN_CHUNK), longest)
