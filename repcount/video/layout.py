"""How a container is laid out in bytes: where it ends, whether its index is there, what its edit list asks for."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""What an MP4 or QuickTime file begins with."""

_HEAD_BYTES = 4096

_STATED_ENDS = [
    (b"FLV", re.compile(rb"filesize\0(.{8})", re.DOTALL), ">d"),
    (
        b"\x06\x0e\x2b\x34",
        re.compile(rb"\A.{16}(?:[\0-\x7f]|\x81.|\x82..|\x83...|\x84.{4}|\x88.{8}).{24}(.{8})", re.DOTALL),
        ">Q",
    ),
    (
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        re.compile(rb"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65.{24}(.{8})", re.DOTALL),
        "<Q",
    ),
]
"""First bytes of other containers, and where they say how long they are: what most programs write at the beginning of
FLV, the place of the last partition of MXF (SMPTE ST 377-1, 7.1), and the file properties of ASF (WMV; Advanced Systems
Format Specification, 3.2)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the bytes of a container tell."""

    cut_short: bool = False
    """Whether the file ends before its container says, or in the middle of something; False for containers that do not
    say. The lengths in seconds that they state do not tell: they may be those of the sound, or of all that an edit list
    leaves out."""
    lacks_index: bool = False
    """Whether an MP4 or QuickTime file has pictures and sound, but nothing that tells where in it they are."""
    edits_at_one_speed: bool = True
    """Whether the edit list of a video, if it has one, shows parts of it one after the other as they were recorded.

    FFmpeg plays a part of which an edit list changes the speed as long as that takes, from its beginning, plays
    something else where it holds a picture or shows nothing for a while, and nothing where a part has no length.
    ISO/IEC 14496-12, 8.6.6.
    """


def look_at(path: Path) -> Layout:
    """How the file is laid out."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head[4:8] in _BOXES:
            return _mp4_layout(file, size)
        if head[:4] == b"RIFF":
            return Layout(cut_short=int.from_bytes(head[4:8], "little") + 8 > size)
        if head[:4] == b"\x1aE\xdf\xa3":
            return Layout(cut_short=_matroska_is_cut(file, size))
    for begins, says, form in _STATED_ENDS:
        if head.startswith(begins) and (found := says.search(head)) is not None:
            return Layout(cut_short=bool(struct.unpack(form, found[1])[0] > size))
    return Layout()


# --- MP4 and QuickTime: boxes, ISO/IEC 14496-12, 4.2 -------------------------------------------------------

_Box = tuple[bytes, int, int]
"""Its name, where its content begins and where it ends."""


def _mp4_layout(file: BinaryIO, size: int) -> Layout:
    outermost = list(_boxes(file, 0, size))
    names = {name for name, _, _ in outermost}
    indices = [(at, until) for name, at, until in outermost if name == b"moov"]
    fragmented = any(True for at, until in indices for _ in _inside(file, [b"mvex"], at, until))
    edits = [
        _edits(file, begins, end)
        for index in indices
        for _, at, until in _inside(file, [b"trak"], *index)
        if _is_video(file, at, until)
        for _, begins, end in _inside(file, [b"edts", b"elst"], at, until)
    ]
    return Layout(
        cut_short=any(end > size for _, _, end in outermost),
        lacks_index=b"mdat" in names and b"moov" not in names,
        edits_at_one_speed=all(_as_recorded(edit, n, fragmented) for listed in edits for n, edit in enumerate(listed)),
    )


def _boxes(file: BinaryIO, at: int, until: int) -> Iterator[_Box]:
    """The boxes from `at` to `until`; the last may end later."""
    while at + 8 <= until:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or not head[4:8].isascii() or not head[4:8].decode().isprintable():
            return  # something that another program has put behind it
        length, begins = int.from_bytes(head[:4]), 8
        if length == 1:
            length, begins = int.from_bytes(head[8:16]), 16
        if length < 8:  # 0: to the end of the file
            yield head[4:8], at + begins, until
            return
        yield head[4:8], at + begins, at + length
        at += length


def _inside(file: BinaryIO, names: list[bytes], at: int, until: int) -> Iterator[_Box]:
    """The boxes called by the last of `names` in those called by the ones before."""
    first, *others = names
    for name, begins, end in _boxes(file, at, until):
        if name == first:
            if others:
                yield from _inside(file, others, begins, end)
            else:
                yield name, begins, end


def _is_video(file: BinaryIO, at: int, until: int) -> bool:
    for _, begins, _ in _inside(file, [b"mdia", b"hdlr"], at, until):
        file.seek(begins + 8)
        return file.read(4) == b"vide"
    return False


_MOST_EDITS = 10_000


def _edits(file: BinaryIO, at: int, until: int) -> list[tuple[int, int, int]]:
    """How long each part is shown, where it begins (-1 if nowhere), and its speed in 65536ths."""
    file.seek(at)
    head = file.read(8)
    form = struct.Struct(">Qqi" if head[:1] == b"\1" else ">Iii")
    entries = file.read(form.size * min(int.from_bytes(head[4:]), max(until - at - 8, 0) // form.size, _MOST_EDITS))
    return list(form.iter_unpack(entries[: len(entries) // form.size * form.size]))


def _as_recorded(edit: tuple[int, int, int], number: int, fragmented: bool) -> bool:
    lasts, begins, speed = edit
    if begins == -1:
        return number == 0  # how long it takes until the first picture
    return speed == 1 << 16 and (lasts > 0 or fragmented)


# --- Matroska: RFC 8794, 5 and 6 ---------------------------------------------------------------------------


_MOST_ELEMENTS = 1_000_000
"""Heuristic: the blocks of a live recording of three hours with sound, in 3 s. Others have clusters of known size."""


def _matroska_is_cut(file: BinaryIO, size: int) -> bool:
    """Whether the last element ends behind the file. One of unknown size holds those that follow."""
    at = 0
    for _ in range(_MOST_ELEMENTS):
        if at >= size:
            break
        file.seek(at)
        head = file.read(16)
        if not head[0]:
            return False  # no element: something that another program has put there
        length, begins = _ebml_size(head, 9 - head[0].bit_length())
        at += begins + length
    return at > size


def _ebml_size(data: bytes, at: int) -> tuple[int, int]:
    """A size, 0 if unknown, and where what follows begins."""
    if at >= len(data) or not data[at]:
        return 0, at + 1
    length = 9 - data[at].bit_length()
    bits = int.from_bytes(data[at : at + length]) & ((1 << 7 * length) - 1)
    return (0 if bits == (1 << 7 * length) - 1 else bits), at + length


# --- MPEG transport streams: ISO/IEC 13818-1, 2.4.3 --------------------------------------------------------

_PACKET_BYTES = (188, 192, 204)
"""Plain, with a time stamp before each (Blu-ray, AVCHD), and with bytes behind it that correct errors (DVB)."""

_TAIL_BYTES = 4_000_000
_MOST_BETWEEN = 10
"""Of the pictures that begin in the last of so many bytes, a second and more, at most so many of other streams may come
after the last one of a stream that goes on to the end. Heuristic: other programs may have more pictures a second."""


def other_video_at(path: Path, number: int) -> int:
    """Where the last picture of a transport stream begins, if the video stream with that number (PID) has ended before.

    -1 otherwise.
    """
    with path.open("rb") as file:
        begin = file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
        tail = file.read()
    starts = [_packet_around(tail, start.start()) for start in re.finditer(rb"\0\0\x01[\xe0-\xef]", tail)]
    packets = [at for at in starts if at >= 0]
    last = packets[-_MOST_BETWEEN:]
    if len(last) < _MOST_BETWEEN or any(int.from_bytes(tail[at + 1 : at + 3]) & 0x1FFF == number for at in last):
        return -1
    return begin + last[-1]


def _packet_around(data: bytes, payload: int) -> int:
    """Where the packet begins whose payload begins a picture there; -1 if there is none."""
    for at in range(payload - 4, max(payload - 188, -1), -1):
        if data[at] == 0x47 and any(data[at + length : at + length + 1] in (b"\x47", b"") for length in _PACKET_BYTES):
            flags, adaptation = data[at + 1], data[at + 3] & 0x20
            header = 5 + data[at + 4] if adaptation else 4
            if flags & 0x40 and at + header == payload:
                return at
    return -1
