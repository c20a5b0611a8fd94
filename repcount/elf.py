"""Whether a library file of Linux is whole, so that loading it cannot end the process."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

_ELF_64 = b"\x7fELF\x02\x01"
"""Begins a library of Linux with 64 bits, lowest byte first: on others there is no MediaPipe."""
_ELF_HEADER = struct.Struct("<32xQ14xHH")
"""Where its list of segments is, how long each entry is, and how many there are (elf(5), Elf64_Ehdr)."""
_ELF_SEGMENT = struct.Struct("<IIQ16xQ")
"""An entry: the kind, its flags, where in the file the segment begins, how long it is there (elf(5), Elf64_Phdr)."""
_PT_LOAD, _PF_X = 1, 1

_SAMPLES, _SAMPLE_BYTES = 64, 4096
"""Pages of a library's code that are looked at. No code is that many zeros; a disk that lost a part of a file returns
them. Heuristic: finds each gap of a 64th of the code, in a millisecond."""


def lacks_a_part(path: str) -> bool:
    """Whether a file is a library without all that is to be mapped of it, or with zeros for code.

    False for what is no library of this kind or cannot be read: the import will say what is wrong with it.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if not head.startswith(_ELF_64):
                return False
            at, length, count = _ELF_HEADER.unpack_from(head)
            file.seek(at)
            table = file.read(length * count)
            segments = [_ELF_SEGMENT.unpack_from(table, length * number) for number in range(count)]
            size = os.fstat(file.fileno()).st_size
            mapped = [segment for segment in segments if segment[0] == _PT_LOAD]
            if any(begin + used > size for _, _, begin, used in mapped):
                return True
            return any(flags & _PF_X and _has_gap(file, begin, used) for _, flags, begin, used in mapped)
    except struct.error:  # not even the list is whole
        return True
    except OSError:
        return False


def _has_gap(file: BinaryIO, begin: int, length: int) -> bool:
    """Whether a piece of code holds a page of zeros, as far as samples tell."""
    step = max(length // _SAMPLES, _SAMPLE_BYTES)
    for at in range(begin, begin + length - _SAMPLE_BYTES, step):
        file.seek(at)
        if not any(file.read(_SAMPLE_BYTES)):
            return True
    return False
