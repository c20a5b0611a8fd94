"""What a file holds, and which of the two readers reads it: the one place where that is decided.

OpenCV is the first choice, for what it is known to read rightly from the first picture to the last. PyAV reads the
rest: opencv-python 5.0 gives black pictures for interlaced H.264, takes a mirrored picture for a turned one, does not
turn a picture if the stream alone asks for it, knows no pixel aspect and no AV1, squeezes pictures of another size into
the first, and converts large pictures in full before they are made small.
"""

from __future__ import annotations

import mmap
import re
import shlex
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repcount.errors import VideoError
from repcount.video import geometry, layout, parameter_sets, stereo
from repcount.video.decoder import MAX_PX
from repcount.video.opencv import native_path
from repcount.video.pyav import STRANGE_COLOURS, av, open_container

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ORDINARY_CODECS = {"h264": "H.264", "hevc": "HEVC"}
"""What nearly all cameras write, and the only ones whose pictures are known from the parameter sets in the stream."""

_ORDINARY_FORMATS = ("yuv420p", "yuvj420p")
"""Eight bits, and one colour for four pixels."""

_LARGE_PX = 1200
"""From this length of the longer side on, frames are tracked at half of their size or less, and PyAV converts straight
to that: a frame of 1920 by 1080 takes 2 ms of processor instead of 4, one of 3840 by 2160 takes 4 instead of 19."""

_READ_AHEAD_BYTES = 1_000_000_000
"""A larger file is not read beforehand to see whether OpenCV may read it. Heuristic: that takes 1 to 10 s."""

_LONGEST_S = 86400.0
"""A file that says it lasts longer than a day does not know. Heuristic."""

_BROADCAST = ("mpegts", "mpeg", "mpegtsraw")
"""Containers whose clock may jump, because recordings are cut and joined; FFmpeg's name for that is TS_DISCONT."""


_RAW = (
    *("h264", "hevc", "vvc", "evc", "obu", "m4v", "mpegvideo", "mjpeg", "mpjpeg", "h261", "h263", "cavsvideo"),
    *("avs2", "avs3", "dirac", "dnxhd", "vc1", "jpeg_pipe", "png_pipe"),
)
"""Streams without a container, for whose frames FFmpeg makes times up, often of 25 a second."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file holds."""

    stream: int
    """Index of the video stream."""
    codec: str
    """Its codec, for people."""
    duration_s: float
    """How long it lasts, as far as it says; NaN if it does not."""
    clock_jumps: bool
    """Whether the container's clock may jump although the recording goes on."""
    cut_short: bool
    """Whether the file ends before the end that it states."""
    packets: int
    """How many frames it holds; 0 if they were not counted."""
    not_opencv: str
    """Why OpenCV shall not read it, for people; empty if it may."""
    animation: bool = False
    """Whether it is an animated WebP, of which FFmpeg reads the first picture at most."""
    raw: bool = False
    """Whether it is a stream without a container, and so without times."""
    as_edited: bool = True
    """Whether its edit list is followed."""
    decoding_times: bool = False
    """Whether it tells when pictures are decoded, and not when they are shown, which is in another order."""
    views: stereo.Views = stereo.SINGLE
    """How often each picture holds the same view."""
    videos: int = 1
    """How many videos that go on to its end a broadcast recording holds, as of several programs."""
    other_video_at: int = -1
    """Where in the file the last picture begins, if that of a transport stream has not the number of the first."""


def probe(path: Path) -> Probe:
    """Look into a recorded file. Raises VideoError if it holds no video or none that can be decoded."""
    laid_out = layout.look_at(path)
    if _is_animated_webp(path):
        return Probe(0, "WEBP", nan, False, laid_out.cut_short, 0, "", animation=True)
    as_edited = laid_out.edits_at_one_speed
    try:
        container = open_container(path, as_edited=as_edited)
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError(_no_video(path)) from error
    with closing(container):
        streams = _video_streams(container, path)
        stream = streams[0]
        context = stream.codec_context
        if context.width * context.height > MAX_PX:
            raise VideoError(
                f"{path} says that its pictures are {context.width} by {context.height}: that is damaged or too large"
            )
        unusual = "" if as_edited else "its edit list cannot be followed, so that all of it is read"
        other_video_at = layout.other_video_at(path, stream.id) if container.format.name == "mpegts" else -1
        unusual = unusual or ("its video stream changes its number" if other_video_at >= 0 else "")
        unusual = unusual or _unusual(container, stream)
        unusual = unusual or ("" if native_path(path) else "OpenCV takes no name that is not UTF-8")
        ahead = _packets(container, stream, path)
        packets, order = 0, _Order(container, stream)
        if unusual:
            with suppress(av.error.FFmpegError, OSError):
                order.add(next(ahead, None))
                if _holds_pictures(container) and next(ahead, None) is None:
                    raise VideoError(
                        f"{path} is a single picture. If it is a motion photo, export the video in it first"
                    )
        else:
            packets, unusual = _read_ahead(ahead, stream, order)
        if unusual:
            with suppress(av.error.FFmpegError, OSError):
                while order.may_be_of_decoding and (packet := next(ahead, None)) is not None:
                    order.add(packet)
        views = _views(container, stream)
        if views:
            unusual = " and ".join(filter(None, (unusual, f"it shows the same {views.text}")))
        return Probe(
            stream.index,
            codec_name(context.name),
            _duration_s(container, stream),
            container.format.name in _BROADCAST,
            laid_out.cut_short,
            packets,
            unusual,
            raw=container.format.name in _RAW,
            as_edited=as_edited,
            decoding_times=order.is_of_decoding,
            views=views,
            videos=1 if other_video_at >= 0 else sum(other.codec_context.width > 0 for other in streams),
            other_video_at=other_video_at,
        )


def _is_animated_webp(path: Path) -> bool:
    """RFC 9649, 2.7: an extended header with the bit for animation."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def _no_video(path: Path) -> str:
    if layout.look_at(path).lacks_index:
        return (
            f"{path} is cut short: it has no index, which is written at the end. Was the recording or the copy "
            "interrupted? Copy it again"
        )
    return (
        f"{path} cannot be read as a video: it is damaged, cut short, sound only or no video at all. "
        "Try to play it; if it plays, convert it to mp4 (H.264)"
    )


def codec_name(name: str) -> str:
    """A codec's name for people."""
    return _ORDINARY_CODECS.get(name) or {"libdav1d": "AV1"}.get(name, name.upper().removeprefix("LIB"))


def conversion(path: Path) -> str:
    """The command that makes of `path` a file that can be read everywhere."""
    return shlex.join(["ffmpeg", "-i", str(path), "-c:v", "libx264", str(path.with_suffix(".h264.mp4"))])


def _video_streams(container: Any, path: Path) -> list[Any]:
    """The stream to read, FFmpeg's best one that is no cover picture; of a broadcast recording all, largest first."""
    streams = [stream for stream in container.streams if stream.type == "video" and not _is_cover(stream)]
    if not streams:
        raise VideoError(_no_video(path))
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise VideoError(_undecodable(path))
    if container.format.name in _BROADCAST:
        return sorted(decodable, key=lambda stream: -stream.codec_context.width * stream.codec_context.height)
    best = container.streams.best("video")
    return [best if any(best is stream for stream in decodable) else decodable[0]]


_CODEC_NAMES = re.compile(
    rb"vide.*?stsd.{12}([!-~ ]{4})|\x86[\x80-\xff](V_[!-~]{2,40}?)[^!-~]|vids([!-~]{4})", re.DOTALL
)
"""Where MP4 and QuickTime, Matroska and AVI name the codec of a video: ISO/IEC 14496-12, 8.5.2; RFC 9559, 5.1.4."""


def _undecodable(path: Path) -> str:
    """Why the video in a file cannot be decoded, with the name of the codec, which FFmpeg does not know."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = _CODEC_NAMES.search(content)
        name = next(filter(None, found.groups()), b"").decode("ascii").strip() if found else ""
    if name == "encv":
        return _protected(path)
    codec = f"is in the codec {name}, which" if name else "is in a codec that"
    return f"{path} {codec} cannot be decoded here. Convert it where it plays: {conversion(path)}"


def _protected(path: Path) -> str:
    return f"{path} is protected against copying (DRM), so that nobody else than its player can read it"


def _holds_pictures(container: Any) -> bool:
    """Whether it is a file of one picture, or of several after one another."""
    name: str = container.format.name
    return name == "image2" or name.endswith("_pipe")


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & (av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails))


def _unusual(container: Any, stream: Any) -> str:
    """What OpenCV would read wrongly or slowly, by the header and the first picture; empty if nothing."""
    context = stream.codec_context
    aspect = geometry.pixel_aspect(stream.sample_aspect_ratio)
    videos = sum(other.type == "video" for other in container.streams)
    if context.name not in _ORDINARY_CODECS:
        return f"it is {codec_name(context.name)}"
    if videos > 1:
        return f"it holds {videos} video streams"
    if context.pix_fmt not in _ORDINARY_FORMATS:
        return f"its pixels are {context.pix_fmt}"
    if context.colorspace in STRANGE_COLOURS:
        return "its colours are of a rare kind"
    if container.format.name in _RAW:
        return "it has no time stamps"
    if max(context.width, context.height) >= _LARGE_PX:
        return f"its pictures are large, {context.width} by {context.height}"
    if aspect != 1:
        return f"its pixels are not square but {aspect.numerator}:{aspect.denominator}"
    if container.size > _READ_AHEAD_BYTES:
        return f"it is larger than {_READ_AHEAD_BYTES // 1_000_000_000} GB"
    return ""


def _packets(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """The packets of a stream that hold something.

    Raises VideoError if they are encrypted, where FFmpeg knows the codec and would decode noise. ISO/IEC 23001-7.
    """
    first = True
    with suppress(IndexError):  # PyAV's at the end, where streams have come up in mid-file
        for packet in container.demux(stream):
            if packet.size:
                if first and packet.has_sidedata("encryption_info"):
                    raise VideoError(_protected(path))
                first = False
                yield packet


_IN_ORDER_OF_DECODING = ("avi", "asf")
"""Containers that tell when pictures are decoded and not when they are shown. FFmpeg guesses that, and is wrong where
pictures refer to later ones."""

_LOOKED_AT = 60
"""Packets after which it is clear in which order a file tells times. Heuristic."""


class _Order:
    """Whether a file tells when its pictures are decoded, and not when they are shown, which is in another order.

    So does an AVI, whatever was made of one without decoding it, an MP4 that lacks its table of the differences, and an
    MXF of some programs: times rise from packet to packet, although some are of pictures that refer to later ones.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        context = stream.codec_context
        self._codec, self._extradata = context.name, context.extradata or b""
        self._reorders = bool(context.has_b_frames)
        self._stated = container.format.name in _IN_ORDER_OF_DECODING
        self._looked_at, self._rises, self._between = 0, True, False
        self._last = -inf

    @property
    def may_be_of_decoding(self) -> bool:
        """Whether more packets would tell."""
        known = self._stated or self._looked_at == _LOOKED_AT or self._codec not in _ORDINARY_CODECS
        return self._reorders and self._rises and not known

    @property
    def is_of_decoding(self) -> bool:
        """What the packets that were added tell."""
        return self._reorders and (self._stated or (self._rises and self._between))

    def add(self, packet: Any) -> None:
        """Look at the next packet, None if there is none."""
        if packet is not None and self.may_be_of_decoding:
            self._looked_at += 1
            self._rises = packet.pts is not None and packet.pts > self._last
            if self._rises:
                self._last = packet.pts
                is_referred_to = parameter_sets.is_referred_to(bytes(packet), self._extradata, self._codec)
                self._between = self._between or not is_referred_to


def _read_ahead(ahead: Iterator[Any], stream: Any, order: _Order) -> tuple[int, str]:
    """Read all packets: how many there are, and what OpenCV would read wrongly somewhere in them."""
    codec, extradata = stream.codec_context.name, stream.codec_context.extradata or b""
    sets = parameter_sets.in_configuration(extradata, codec)
    packets, turned = 0, None
    try:
        for packet in ahead:
            packets += 1
            order.add(packet)
            if packet.is_discard:
                return packets, "an edit list shows only a part of it"
            if packet.pts is None:
                return packets, "it has no time stamps"
            if packet.is_corrupt:
                return packets, "parts of it may be missing"
            if order.is_of_decoding and not order.may_be_of_decoding:
                return packets, "its times are those of decoding"
            if packet.is_keyframe:
                sets |= parameter_sets.in_packet(bytes(packet), extradata, codec)
            if turned is None:
                turned = _is_turned(packet)
            if turned:
                return packets, "its pictures are turned or mirrored"
            if len(sets) > 1:
                return packets, "its pictures change their size or format"
    except (av.error.FFmpegError, OSError):
        return packets, "a part of it cannot be read"
    if order.is_of_decoding:
        return packets, "its times are those of decoding"
    if not sets:
        return packets, "it does not state the format of its pictures"
    if parameter_sets.may_be_interlaced(sets.pop(), codec):
        return packets, "it may be interlaced"
    return packets, ""


def _is_turned(packet: Any) -> bool | None:
    """Whether a display matrix turns or mirrors the first picture; None as long as none is decoded."""
    try:
        frame = next(iter(packet.decode()), None)
    except (av.error.FFmpegError, EOFError, ValueError):
        return None
    return None if frame is None else geometry.frame_orientation(frame) != geometry.UPRIGHT


_SAMPLES = 8
"""Pictures, spread over a video, in which the view has to be repeated. The first one is looked at in any video, the
others if it may be."""

_APART_S = 0.5
_MOST_DECODED = 60
"""They are so far apart, where that is within so many frames after a key frame. Heuristic: legs move by then."""


def _views(container: Any, stream: Any) -> stereo.Views:
    """How often each picture of a stream holds the same view: as it says, or else as its pictures do."""
    begin, length = container.start_time or 0, container.duration or 0
    thumbnails: list[NDArray[np.uint8]] = []
    last_s = -inf
    for n in range(_SAMPLES):
        try:
            container.seek(begin + length * n // _SAMPLES)
            alone = [] if n else _first_alone(container, stream)
            for frame in alone or islice(container.decode(stream), _MOST_DECODED):
                if frame.time is not None and abs(frame.time - last_s) >= _APART_S:
                    break
            else:
                break
            small = stereo.thumbnail(frame)
            if views := stereo.stated(small):
                return views
            thumbnails.append(small.to_ndarray())
        except (av.error.FFmpegError, EOFError, OSError, ValueError, IndexError, MemoryError):
            break
        last_s = frame.time
        if not stereo.may_repeat(thumbnails[-1]):
            return stereo.SINGLE
    return stereo.repeated(thumbnails) if len(thumbnails) > 1 else stereo.SINGLE


def _first_alone(container: Any, stream: Any) -> list[Any]:
    """The first picture, if it can be decoded without those after it; otherwise nothing, and the decoder is as before.

    A decoder holds a few back, to bring them into order: of 1920 by 1080 that takes 80 ms of processor, not 28.
    """
    packet = next(container.demux(stream))
    frames = [*packet.decode(), *stream.codec_context.decode(None)]
    if frames and not frames[0].interlaced_frame:  # of which this may be one field alone
        frames[0].time_base = stream.time_base  # older versions of PyAV leave it out where the decoder is emptied
        return frames[:1]
    container.seek(container.start_time or 0)
    return []


# --- lengths -----------------------------------------------------------------------------------------------


def _duration_s(container: Any, stream: Any) -> float:
    """The length of the video by the container: that of the stream, where it is known."""
    stated = nan
    if stream.duration:
        stated = float(stream.duration * stream.time_base)
    elif "DURATION" in stream.metadata:
        stated = _clock_text_s(stream.metadata["DURATION"])
    elif container.duration:
        stated = container.duration / av.time_base
    if container.format.name == "avi" and stream.frames and stream.average_rate:
        # FFmpeg's is that of what is left of a file that was cut.
        stated = max(stated, float(stream.frames / stream.average_rate))
    if "matroska" in container.format.name and container.start_time and "_STATISTICS_TAGS" not in stream.metadata:
        stated -= container.start_time / av.time_base  # FFmpeg states where the video ends, mkvmerge its length
    return stated if 0 < stated <= _LONGEST_S else nan


def _clock_text_s(text: str) -> float:
    """Seconds of a text such as `00:01:02.500`, as Matroska files have for each stream."""
    try:
        hours, minutes, seconds = text.strip("\0").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return nan
