"""Sequence parameter sets of H.264 and HEVC: what a stream states about all pictures until the next one.

The headers of MPEG-1, MPEG-2 and MPEG-4 that do the same are told apart, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPS = {"h264": (0x1F, 0, 7), "hevc": (0x3F, 1, 33)}
"""How to tell a sequence parameter set, which states size and format of all pictures until the next: mask and shift of
the type in the first byte of a unit, and its number. ITU-T H.264, 7.3.1; H.265, 7.3.1.2."""

_SEQUENCE_HEADER = re.compile(rb"\0\0\x01\xb3.{4}", re.DOTALL)
_HEADERS = {
    "mpeg1video": _SEQUENCE_HEADER,
    "mpeg2video": _SEQUENCE_HEADER,
    "mpeg4": re.compile(rb"\0\0\x01[\x20-\x2f].*?(?=\0\0\x01|$)", re.DOTALL),
}
"""Sequence headers with size and aspect (ISO/IEC 13818-2, 6.2.2.1), video object layers (14496-2, 6.2.3)."""


def in_configuration(extradata: bytes, codec: str) -> set[bytes]:
    """The sequence parameter sets in a decoder's configuration."""
    return {unit for unit in _units(extradata, codec) if _is_sps(unit, codec)}


def in_packet(data: bytes, extradata: bytes, codec: str) -> set[bytes]:
    """Those in a packet of a stream with that configuration."""
    units = _split(data, _length_bytes(extradata, codec))
    return {unit.rstrip(b"\0") for unit in units if _is_sps(unit, codec)}


def headers(data: bytes, extradata: bytes, codec: str) -> set[bytes]:
    """What a packet states about all pictures until the next; nothing for codecs whose pictures each state it."""
    if codec in _SPS:
        return in_packet(data, extradata, codec)
    return set(_HEADERS[codec].findall(data)) if codec in _HEADERS else set()


def temporal_layers(extradata: bytes, codec: str) -> int:
    """How many temporal layers a stream has; 0 if unknown. ISO/IEC 14496-15, 8.3.3.1."""
    if codec == "h264":
        return 1
    return (extradata[21] >> 3) & 7 if _length_bytes(extradata, codec) else 0


def is_referred_to(data: bytes, extradata: bytes, codec: str) -> bool:
    """Whether other pictures may refer to the one in a packet. ITU-T H.264, 7.4.1: nal_ref_idc; H.265, table 7-1."""
    for unit in _split(data, _length_bytes(extradata, codec)):
        if codec == "h264" and 1 <= unit[0] & 0x1F <= 5:
            return bool(unit[0] & 0x60)
        if codec == "hevc" and (kind := unit[0] >> 1 & 0x3F) < 32:
            return kind >= 16 or bool(kind & 1)
    return True


def _length_bytes(extradata: bytes, codec: str) -> int:
    """How many bytes state the length of a unit; 0 where units are told apart by start codes."""
    if len(extradata) < 23 or extradata[0] != 1:
        return 0
    return (extradata[4 if codec == "h264" else 21] & 3) + 1


def _split(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The units in a packet. ITU-T H.264, annex B; ISO/IEC 14496-15, 5.3.3."""
    if not length_bytes:
        yield from (unit for unit in data.split(b"\0\0\1")[1:] if unit)
        return
    at = 0
    while at + length_bytes < len(data):
        length = int.from_bytes(data[at : at + length_bytes])
        at += length_bytes
        if length:
            yield data[at : at + length]
        at += length


def _units(extradata: bytes, codec: str) -> Iterator[bytes]:
    """The units in the decoder's configuration. ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1."""
    if not _length_bytes(extradata, codec):
        yield from (unit.rstrip(b"\0") for unit in _split(extradata, 0))
        return
    at = 6 if codec == "h264" else 23
    groups = 1 if codec == "h264" else extradata[22]
    for _ in range(groups):
        if codec == "hevc":
            count, at = int.from_bytes(extradata[at + 1 : at + 3]), at + 3
        else:
            count = extradata[5] & 0x1F
        for _ in range(count):
            length, at = int.from_bytes(extradata[at : at + 2]), at + 2
            if unit := extradata[at : at + length].rstrip(b"\0"):
                yield unit
            at += length


def _is_sps(unit: bytes, codec: str) -> bool:
    mask, shift, number = _SPS[codec]
    return bool(unit) and (unit[0] >> shift) & mask == number


def may_be_interlaced(sps: bytes, codec: str) -> bool:
    """Whether a sequence parameter set allows fields. ITU-T H.264, 7.3.2.1.1; H.265, 7.3.3."""
    raw = sps.replace(b"\0\0\3", b"\0\0")  # the byte that keeps start codes from appearing
    if codec == "hevc":
        return len(raw) < 9 or bool(raw[8] & 0x40)
    try:
        return not _frames_only(_Bits(raw[4:]), raw[1])
    except IndexError:
        return True


def _frames_only(bits: _Bits, profile: int) -> bool:
    """frame_mbs_only_flag; `bits` begin after the level."""
    bits.number()  # seq_parameter_set_id
    if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135):
        chroma = bits.number()
        if chroma == 3:
            bits.take(1)
        bits.number(), bits.number(), bits.take(1)  # bit depths, transform bypass
        if bits.take(1):  # scaling matrices
            return False  # rare, and PyAV reads it as well
    bits.number()  # log2_max_frame_num_minus4
    kind = bits.number()  # pic_order_cnt_type
    if kind == 0:
        bits.number()
    elif kind == 1:
        bits.take(1), bits.number(), bits.number()
        for _ in range(bits.number()):
            bits.number()
    bits.number(), bits.take(1), bits.number(), bits.number()  # references, gaps, width, height
    return bool(bits.take(1))


class _Bits:
    """Reads numbers bit by bit."""

    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data[:256])
        self._at = 0

    def take(self, count: int) -> int:
        """An unsigned number of so many bits. Raises IndexError at the end."""
        if self._at + count > len(self._bits):
            raise IndexError
        self._at += count
        return int(self._bits[self._at - count : self._at] or "0", 2)

    def number(self) -> int:
        """An Exp-Golomb number; a signed one is read past likewise. ITU-T H.264, 9.1."""
        zeros = self._bits.index("1", self._at) - self._at if "1" in self._bits[self._at :] else len(self._bits)
        self.take(zeros)
        return self.take(zeros + 1) - 1
