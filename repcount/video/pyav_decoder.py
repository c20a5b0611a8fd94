"""Recorded files read by PyAV: whatever OpenCV cannot read or reads wrongly, and large pictures.

Pictures are converted straight to the size that is asked for, in true shape. Interlaced ones are deinterlaced.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from repcount.errors import VideoError
from repcount.libraries import check_room
from repcount.video import geometry, parameter_sets, stereo
from repcount.video.decoder import MAX_PX, Thinning
from repcount.video.geometry import Shape
from repcount.video.opencv import cv2
from repcount.video.pyav import STRANGE_COLOURS, av, open_container
from repcount.video.stereo import Views

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_ERRORS = 100
"""Errors in a row, in reading packets, after which a file is taken to have ended. Heuristic: FFmpeg goes on after each
where it can."""

_UNSPECIFIED = 2
"""Colour matrix of pictures that state none: they are taken for BT.601."""

_ALTERNATING = [False, True, False, True]
"""Whether others refer to the next frames, where every second one can be skipped and it is the others that are due."""

_AHEAD = len(_ALTERNATING)

_CLOSE = 0.55
"""Share of the distance of frames that are looked at within which the next frame may be taken instead of one that is
due: half of it, and what time stamps are rounded by. So the mean distance stays."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A frame on its way to whoever looks at it."""

    time_s: float
    frame: Any
    """None if it was not decoded because nobody will look at it."""
    shape: Shape | None
    chosen: bool | None = None
    """See Decoder."""


class PyAvDecoder:
    """Decodes with PyAV. See `repcount.video.decoder.Decoder`."""

    def __init__(
        self,
        path: Path,
        threads: int,
        stream: int,
        *,
        raw: bool = False,
        as_edited: bool = True,
        decoding_times: bool = False,
        views: Views = stereo.SINGLE,
    ) -> None:
        """Open `path` and decode the first frame of a stream; `threads` is 0 for as many as FFmpeg likes.

        `raw`: it is a stream without a container. `as_edited`: follow its edit list. `decoding_times`: it
        tells when pictures are decoded, and not when they are shown. `views`: how often each picture holds the same
        view, of which the left or upper one is taken. Raises VideoError.
        """
        self._views = views
        self._container = open_container(path, as_edited=as_edited)
        self._stream = self._container.streams[stream]
        self._context = self._stream.codec_context
        self._context.thread_type = "AUTO"
        self._context.thread_count = threads
        # Every picture is checked, wherever in the file it is.
        self._context.options = {"max_pixels": str(MAX_PX)}
        self._tick_s = float(self._stream.time_base)
        self._decoding_times = decoding_times
        self._last_tick: int | None = None
        self._headers: set[bytes] = set()
        """What the stream has stated last about all pictures to come."""
        self._errors = 0
        self._packets_read = self._spoiled = 0
        self._frames_decoded = self._patched = 0
        self._is_spoiled = self._loss_follows = False
        self.read_until = -1
        self._stated_aspect: Fraction | None = self._stream.sample_aspect_ratio
        self._first_aspect: Fraction | None = None
        self._turned: tuple[int, int, int] | None = None
        self._orientation = geometry.UPRIGHT
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._deinterlacer = _Deinterlacer()
        self.last_frame_s = nan
        # In a stream without a container only the codec may know.
        rate = (self._context.framerate if raw else None) or self._stream.average_rate or self._stream.guessed_rate
        self.rate_hz = float(rate) if rate else nan

        self._skipper: _Skipper | None = None
        self._sent: list[Any] = []
        """Time stamps of the packets sent to the decoder for the first frame."""
        self._skipped: list[int] = []
        """Those of packets that the decoder may have skipped, as a heap."""
        self._fresh = True
        self._frames = self._decode()
        self._now = next(self._frames, None)
        if self._now is None or self._now.shape is None:
            self.close()
            check_room("av")  # FFmpeg does not say why no thread of it decodes
            raise VideoError(f"{path} holds no picture that can be decoded. Is it complete?")
        self.shape = self._now.shape
        self.width, self.height = self.shape.shown

    def thin(self, rate_hz: float, from_s: float = 0.0) -> None:
        """See Decoder."""
        first = self._now.frame.pts if self._now is not None else None
        may_skip = not self._decoding_times and None not in self._sent and _may_skip(self._context)
        if rate_hz < inf and first is not None and may_skip:
            sent = [pts for pts in self._sent if pts >= first]
            thinning = Thinning(rate_hz, from_s)
            self._skipper = _Skipper(thinning, self._tick_s, first, sent, self._is_referred_to)

    @property
    def chosen(self) -> bool | None:
        """See Decoder."""
        return self._now.chosen if self._now is not None else None

    def _is_referred_to(self, packet: Any) -> bool:
        return parameter_sets.is_referred_to(bytes(packet), self._context.extradata or b"", self._context.name)

    def grab(self) -> float | None:
        """See Decoder."""
        if self._fresh:
            self._fresh = False
        else:
            self._now = next(self._frames, None)
        return None if self._now is None else self._now.time_s

    def picture(self, shrink: int) -> NDArray[np.uint8] | None:
        """See Decoder."""
        if self._now is None or self._now.frame is None or self._now.shape is None:
            return None
        width, height = max(self.width // shrink, 1), max(self.height // shrink, 1)
        shape = self._now.shape
        size = (width, height) if shape.shown == (self.width, self.height) else shape.fitted(width, height)
        columns, rows = reversed(size) if shape.orientation.transposed else size
        try:
            both = self._converted(self._now.frame, columns * self._views.across, rows * self._views.down)
        except (av.error.FFmpegError, ValueError, MemoryError):  # such as a pixel format that cannot be converted
            self._errors += 1
            return None
        image = np.ascontiguousarray(both[:rows, :columns])
        return geometry.letterboxed(shape.orientation.apply(image), width, height)

    def _converted(self, frame: Any, columns: int, rows: int) -> NDArray[np.uint8]:
        """The pixels of a frame, RGB, scaled to a size."""
        if frame.colorspace in STRANGE_COLOURS:
            frame.colorspace = _UNSPECIFIED  # light and dark are right then, and colours are not
        if columns >= frame.width or columns % 2 or rows % 2:
            scaling = "AREA" if columns < frame.width else "BICUBIC"
            direct = self._reformatter.reformat(frame, columns, rows, "rgb24", interpolation=scaling)
            # FFmpeg's rows may be padded, and MediaPipe reads past that as if they were not.
            return np.ascontiguousarray(direct.to_ndarray())
        # Half as much work: made small first, and then converted. As OpenCV does when it reads, it takes the colours
        # for those of BT.601; others are off by a few per cent.
        small = self._reformatter.reformat(
            frame, columns, rows, "yuv420p", interpolation="AREA", dst_color_range="MPEG"
        )
        rgb: NDArray[np.uint8] = cv2.cvtColor(small.to_ndarray(), cv2.COLOR_YUV2RGB_I420)
        return rgb

    def damaged(self) -> bool:
        """See Decoder."""
        return self._errors > 0

    @property
    def spoiled(self) -> float:
        """See Decoder."""
        return max(self._spoiled / max(self._packets_read, 1), self._patched / max(self._frames_decoded, 1))

    def close(self) -> None:
        """See Decoder."""
        self._frames.close()
        self._container.close()

    # --- packets -------------------------------------------------------------------------------------------

    def _packets(self) -> Iterator[Any]:
        """The packets of the stream that hold something."""
        failed = 0
        demuxed = self._container.demux(self._stream)
        while failed < _MAX_ERRORS:
            try:
                packet = next(demuxed)
            except (StopIteration, EOFError, IndexError):  # the last is PyAV's, where streams have come up in mid-file
                return
            except (av.error.FFmpegError, OSError):
                self._errors += 1
                failed += 1
                demuxed = self._container.demux(self._stream)
                continue
            if packet.size:  # an empty one repeats the picture before, and would end decoding
                failed = 0
                self._is_spoiled = self._is_hit(packet) or (self._is_spoiled and not packet.is_keyframe)
                self._packets_read += 1
                self.read_until = packet.pos if packet.pos is not None else -1
                self._spoiled += self._is_spoiled
                yield packet

    def _is_hit(self, packet: Any) -> bool:
        """Whether data of a picture are missing, as far as the container tells."""
        if self._container.format.name != "mpegts":
            return bool(packet.is_corrupt)
        # FFmpeg ends a picture when the next one begins, and that one's mark goes to it.
        is_hit, self._loss_follows = self._loss_follows, bool(packet.is_corrupt)
        return is_hit

    def _to_decode(self) -> Iterator[tuple[Any, bool]]:
        """The packets, each with whether the decoder may skip it."""
        for packet in self._packets():
            if self._skipper is None:
                if self._fresh:
                    self._sent.append(packet.pts)
                yield packet, False
            else:
                yield from self._skipper.push(packet)
        if self._skipper is not None:
            yield from self._skipper.rest()

    # --- frames --------------------------------------------------------------------------------------------

    def _decode(self) -> Generator[_Decoded]:
        skipping = False
        for packet, skip in self._to_decode():
            if skip != skipping:
                self._context.skip_frame = "NONREF" if skip else "DEFAULT"
                skipping = skip
            if skip:
                heapq.heappush(self._skipped, packet.pts)
            if packet.is_keyframe and self._begins_anew(packet):
                # What the decoder holds back is of the size and the aspect of before: it would be shown in those of
                # what comes, and the last picture of MPEG-2 lost.
                yield from self._in_order(self._decoded(None))
                self._context.flush_buffers()
            yield from self._in_order(self._decoded(packet))
        yield from self._in_order(self._decoded(None))
        yield from self._in_order(self._deinterlacer.flush())
        yield from (_Decoded(pts * self._tick_s, None, None, False) for pts in sorted(self._skipped))

    def _begins_anew(self, packet: Any) -> bool:
        """Whether the pictures from a key frame on are of another kind than those before."""
        codec, extradata = self._context.name, self._context.extradata or b""
        if packet.has_sidedata("new_extradata"):
            stated = parameter_sets.in_configuration(bytes(packet.get_sidedata("new_extradata")), codec)
        else:
            stated = parameter_sets.headers(bytes(packet), extradata, codec)
        if not stated:
            return False
        before, self._headers = self._headers, stated
        return bool(before) and before.isdisjoint(stated)

    def _decoded(self, packet: Any) -> Iterator[tuple[Any, Shape]]:
        """The frames that come out of the decoder after a packet, or at the end."""
        try:
            frames = self._stream.decode(packet)
        except (av.error.FFmpegError, EOFError, ValueError, MemoryError):
            self._errors += packet is not None
            self._is_spoiled = True
            return
        for frame in frames:
            frame.time_base = self._stream.time_base
            self._frames_decoded += 1
            self._patched += frame.is_corrupt
            if self._decoding_times:
                frame.pts = self._tick_shown(frame.dts)
            duration_s = (frame.duration or 0) * self._tick_s
            self.last_frame_s = duration_s or nan
            # HEVC gives fields instead of frames: rows of one moment, and no combs.
            combed = frame.interlaced_frame and self._context.name != "hevc"
            if combed and self._skipper is not None:
                self._skipper.stop()
            yield from self._deinterlacer.push(frame, self._shape(frame), combed=combed)

    def _in_order(self, frames: Iterator[tuple[Any, Shape]]) -> Iterator[_Decoded]:
        """The frames, and between them those that were skipped."""
        for frame, shape in frames:
            time_s = self._time_s(frame)
            while self._skipped and self._skipped[0] * self._tick_s <= time_s:
                skipped = heapq.heappop(self._skipped)
                if skipped * self._tick_s < time_s:  # otherwise it was decoded because others refer to it
                    if self._skipper is not None:
                        self._skipper.chosen(skipped)
                    yield _Decoded(skipped * self._tick_s, None, None, False)
            yield _Decoded(time_s, frame, shape, self._skipper.chosen(frame.pts) if self._skipper else None)

    def _tick_shown(self, decoded: int | None) -> int:
        """When a picture is shown that comes out of the decoder after the packet with that time, None after the last.

        Pictures come out in the order in which they are shown, each as long after its turn as the first one. FFmpeg,
        too, takes the times of decoding where those that it has guessed do not rise (best_effort_timestamp).
        """
        last, frame_ticks = self._last_tick, 1 / (self.rate_hz * self._tick_s) if self.rate_hz > 0 else 1
        if decoded is None or (last is not None and decoded <= last):
            decoded = (0 if last is None else last) + max(round(frame_ticks), 1)
        self._last_tick = decoded
        return decoded

    def _time_s(self, frame: Any) -> float:
        # Where a container has no presentation times, such as AVI, frames come in the order of decoding.
        ticks = frame.pts if frame.pts is not None else frame.dts
        return nan if ticks is None else ticks * float(frame.time_base)

    def _shape(self, frame: Any) -> Shape:
        turned = (frame.rotation, frame.width, frame.height)
        if turned != self._turned:
            # Only now: a frame whose side data were read is freed by the garbage collector alone, so that large ones
            # would fill the memory before it runs.
            self._turned = turned
            self._orientation = geometry.frame_orientation(frame)
        aspect = geometry.pixel_aspect(self._aspect())
        if frame.interlaced_frame and self._context.name == "hevc":
            aspect /= 2  # a field has half of the rows
        if frame.width * frame.height * max(aspect, 1 / aspect) > MAX_PX:
            aspect = Fraction(1)
        aspect = self._views.aspect(frame.width, frame.height, aspect)
        width, height = frame.width // self._views.across, frame.height // self._views.down
        return Shape(width, height, aspect, self._orientation)

    def _aspect(self) -> Fraction | None:
        """The container's aspect goes before that of the stream, as in FFmpeg, until the stream's changes."""
        aspect: Fraction | None = self._context.sample_aspect_ratio
        if self._first_aspect is None:
            self._first_aspect = aspect
        return self._stated_aspect if aspect == self._first_aspect and self._stated_aspect else aspect


def _may_skip(context: Any) -> bool:
    """Whether frames to which no other refers can be told, and are of no use to others in any other way."""
    if context.name not in ("h264", "hevc"):
        return False
    extradata = context.extradata or b""
    sets = parameter_sets.in_configuration(extradata, context.name)
    # Deinterlacing looks at the frames before and after. With several temporal layers, frames to which none of their
    # own layer refers may be referred to by others.
    progressive = sets and not any(parameter_sets.may_be_interlaced(unit, context.name) for unit in sets)
    return bool(progressive) and parameter_sets.temporal_layers(extradata, context.name) == 1


class _Skipper:
    """Chooses the frames that are looked at before they are decoded, as long as their times leave no doubt.

    Packets that hold others may be skipped by the decoder. It does so where no other frame refers to them, so that it
    saves nothing if those are the very frames that are due: where they alternate with others, the next one is taken.
    """

    def __init__(
        self, thinning: Thinning, tick_s: float, first: int, sent: list[int], is_referred_to: Callable[[Any], bool]
    ) -> None:
        """`sent` are the time stamps of packets that are with the decoder already, `first` that of the first frame."""
        self._thinning, self._tick_s, self._first_s = thinning, tick_s, first * tick_s
        self._is_referred_to = is_referred_to
        self._undecided = [(pts, True) for pts in sent]
        """Time stamps, and whether others may refer to the frame, as a heap."""
        heapq.heapify(self._undecided)
        self._waiting: deque[Any] = deque()
        self._chosen: dict[int, bool] = {}
        self._last = first - 1
        self._sure = True

    def push(self, packet: Any) -> Iterator[tuple[Any, bool]]:
        """Take the next packet; yields those whose fate is known."""
        self._waiting.append(packet)
        if packet.pts is None or packet.dts is None or packet.is_discard:
            self._sure = False
        if not self._sure:
            yield from self.rest()
            return
        heapq.heappush(self._undecided, (packet.pts, self._is_referred_to(packet)))
        # No later packet has a time before this one's decoding time.
        while self._sure and len(ahead := heapq.nsmallest(_AHEAD, self._undecided)) == _AHEAD:
            if ahead[-1][0] > packet.dts:
                break
            self._decide(ahead)
        while self._waiting and self._waiting[0].pts in self._chosen:
            ready = self._waiting.popleft()
            yield ready, not self._chosen[ready.pts]

    def chosen(self, pts: int | None) -> bool | None:
        """Whether a frame that was decoded is looked at; None if that was not decided beforehand."""
        return self._chosen.pop(pts, None) if self._sure and pts is not None else None

    def stop(self) -> None:
        """From now on nothing may be skipped."""
        self._sure = False

    def rest(self) -> Iterator[tuple[Any, bool]]:
        """All that are left, to be decoded."""
        while self._waiting:
            yield self._waiting.popleft(), False

    def _decide(self, ahead: list[tuple[int, bool]]) -> None:
        """Decide on the first of the next frames."""
        pts, _ = heapq.heappop(self._undecided)
        if pts <= self._last:
            self._sure = False
            return
        self._last = pts
        time_s = pts * self._tick_s - self._first_s
        next_s = ahead[1][0] * self._tick_s - self._first_s
        chosen = self._thinning.is_due(time_s)
        if chosen and [is_referred_to for _, is_referred_to in ahead] == _ALTERNATING:
            chosen = next_s - time_s > _CLOSE * self._thinning.interval_s
        if chosen:
            self._thinning.take(time_s)
        self._chosen[pts] = chosen


class _Deinterlacer:
    """Replaces interlaced frames by progressive ones, from the first interlaced one on; others pass.

    The pictures of a camcorder or a television recorder hold two moments in their odd and even rows, so that moving
    legs have combs. bwdif makes one picture of both.
    """

    def __init__(self) -> None:
        self._graph: Any = None
        self._key: tuple[Any, ...] = ()
        self._shape: Shape | None = None

    def push(self, frame: Any, shape: Shape, *, combed: bool) -> Iterator[tuple[Any, Shape]]:
        """The frames that are done after the next one, each with its shape."""
        key = (frame.width, frame.height, frame.format.name, shape)
        if self._graph is not None and key != self._key:
            yield from self.flush()
        if self._graph is None and not combed:
            yield frame, shape
            return
        if self._graph is None:
            self._graph, self._key, self._shape = _deinterlacing_graph(frame), key, shape
        self._graph.vpush(frame)
        yield from self._pull(shape)

    def flush(self) -> Iterator[tuple[Any, Shape]]:
        """The frames that are left."""
        if self._graph is not None and self._shape is not None:
            self._graph.vpush(None)
            yield from self._pull(self._shape)
            self._graph = None

    def _pull(self, shape: Shape) -> Iterator[tuple[Any, Shape]]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, EOFError):
                return
            yield frame, shape


def _deinterlacing_graph(frame: Any) -> Any:
    """A filter graph that makes one progressive frame of each interlaced one; others pass unchanged."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
    )
    bwdif = graph.add("bwdif", "mode=send_frame:deint=interlaced")
    graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
    return graph
