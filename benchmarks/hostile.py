"""Hostile input for `fuzz.py`: sound files, and what a seed and a number make of them.

Every case is one file. It depends on the seed, its kind and its number alone, and on the sound files, which ffmpeg
makes bit by bit the same.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from math import cos, inf, nan, pi
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from repcount.config import Config
from repcount.history.store import HistoryStore
from repcount.types import Phase, Rep, Update

CONTAINERS = ("mp4", "avi", "mkv", "webm", "gif")

_SOUND = ["-f", "lavfi", "-i", "sine=r=8000:d=1.6"]
_UNEVEN = ["-vf", "select='lt(n,8)+not(mod(n,3))'", "-fps_mode", "vfr"]
_B_FRAMES = ["-c:v", "libx264", "-g", "8", "-bf", "2"]
_RECIPES = {
    "mp4-0.mp4": [*_SOUND, *_B_FRAMES, "-c:a", "aac"],
    "mp4-1.mp4": [*_B_FRAMES, *_UNEVEN],
    "mp4-2.mp4": ["-c:v", "mpeg4", "-movflags", "frag_keyframe+empty_moov"],
    "avi-0.avi": [*_SOUND, "-c:v", "mpeg4", "-bf", "2", "-c:a", "pcm_u8"],
    "avi-1.avi": ["-c:v", "mjpeg", "-q:v", "20", "-pix_fmt", "yuvj420p"],
    "mkv-0.mkv": [*_SOUND, *_B_FRAMES, *_UNEVEN, "-c:a", "pcm_u8"],
    "mkv-1.mkv": ["-c:v", "ffv1", "-g", "1"],
    "webm-0.webm": [*_SOUND, "-c:v", "libvpx", "-b:v", "60k", "-c:a", "libopus"],
    "webm-1.webm": ["-c:v", "libvpx-vp9", "-b:v", "60k", "-deadline", "realtime", "-cpu-used", "8"],
    "gif-0.gif": [*_UNEVEN, "-pix_fmt", "rgb8"],
    "timed-0.mkv": ["-c:v", "mjpeg", "-q:v", "20", "-pix_fmt", "yuvj420p"],
}
"""Arguments for ffmpeg: 24 pictures of 64 by 48, some unevenly spaced, some with B-frames or with sound."""

_MARKS = {
    "mp4": b"ftyp moov mvhd tkhd mdhd elst hdlr stsd avc1 mp4v avcC esds stts ctts stss stsc stsz stco trun tfhd mdat",
    "avi": b"RIFF avih strh strf idx1 movi 00dc 01wb JUNK LIST",
    "gif": b"GIF89a \x21\xf9\x04 \x2c NETSCAPE2.0",
}
_EBML = "4489 2ad7b1 e7 a3 a1 a0 9b 23e383 b0 ba 1f43b675 1654ae6b bb d7 83 86 63a2 1549a966 18538067 e0 54b0 ae"
"""Matroska's elements of durations, scales, sizes, clusters, blocks, tracks and cues."""


def make_samples(folder: Path) -> None:
    """The sound files that cases are made of."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in _RECIPES.items():
        _ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=15:d=1.6", *_bare(arguments), folder / name)
    turned = folder / "turned.mp4"
    _ffmpeg("-display_rotation", "90", "-i", folder / "mp4-1.mp4", "-c", "copy", *_EXACT, turned)
    turned.replace(folder / "mp4-1.mp4")
    _make_signals(folder)
    _make_history(folder / "history.sqlite3")


_EXACT = ["-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1"]


def _bare(arguments: Sequence[str]) -> list[str]:
    pixels = [] if "-pix_fmt" in arguments else ["-pix_fmt", "yuv420p"]
    return [*arguments, *pixels, *_EXACT]


def _ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)


def _make_signals(folder: Path) -> None:
    (folder / "signals").mkdir(exist_ok=True)
    for name, peaks in {"two": (90.0, 88.0), "one": (50.0, 92.0), "none": (0.0, 5.0)}.items():
        rows = [f"{i / 15!r},{180 - _lift(i / 15, peaks)!r},170.0,left,0.9" for i in range(150)]
        text = "\n".join(["time_s,hip_deg,knee_deg,side,visibility", *rows, ""])
        (folder / "signals" / f"{name}@15hz.csv").write_text(text, encoding="utf-8")


def _lift(time_s: float, peaks: Sequence[float]) -> float:
    """1 s of rest and 3 s up and down for each peak."""
    number, into_s = divmod(time_s, 4.0)
    high = peaks[int(number)] if number < len(peaks) else 0.0
    return high * (1 - cos(2 * pi * (into_s - 1) / 3)) / 2 if into_s > 1 else 0.0


def _make_history(path: Path) -> None:
    path.unlink(missing_ok=True)
    began = datetime(2026, 11, 20, 7, 30, tzinfo=timezone(timedelta(hours=1)))
    with HistoryStore(path, print) as history:
        for day in range(3):
            recorder = history.begin(began + timedelta(days=day), "0", "3x10", Config(), ("Anna", "Bo", None)[day])
            for n in range(1, 6):
                rep = Rep(n, 1, 5 * n - 4.4, 5 * n - 2.4, 5.0 * n, 2.0, 0.4, 2.0, None, 90.0, 4.0, 170.0, True, (), 0.9)
                recorder.write(Update(None, nan, Phase.PAUSE, (rep,)))
            recorder.end(60)


# --- bytes -------------------------------------------------------------------------------------------------

Change = Callable[[random.Random, bytes, int, int], bytes]
"""What becomes of the bytes from one place to another."""

_SWEPT: dict[str, Change] = {
    "flip": lambda _, data, a, b: data[:a] + bytes(byte ^ 0xFF for byte in data[a:b]) + data[b:],
    "cut": lambda _, data, a, b: data[:a] + data[b:],
    "repeat": lambda _, data, a, b: data[:b] + data[a:b] + data[b:],
    "zero": lambda _, data, a, b: data[:a] + bytes(b - a) + data[b:],
    "swap": lambda _, data, a, b: data[:a] + data[b : 2 * b - a] + data[a:b] + data[2 * b - a :],
}
_OTHERS: dict[str, Change] = {
    "noise": lambda rng, data, a, b: data[:a] + rng.randbytes(b - a) + data[b:],
    "truncate": lambda _, data, a, __: data[:a],
    "many": lambda rng, data, a, b: data[:b] + data[a:b] * rng.choice([2, 50, 1000 // (b - a) + 1]) + data[b:],
    "bits": lambda rng, data, a, b: _bits(rng, data, a, b),
    "shuffle": lambda rng, data, a, b: data[:a] + bytes(rng.sample(data[a:b], b - a)) + data[b:],
}
SWEPT = tuple(_SWEPT)


def strip(index: int, size: int) -> tuple[int, int]:
    """The whole, then its halves, then its quarters and so on: every level covers all of it."""
    count = 1 << ((index % size + 1).bit_length() - 1)
    nth = index % size + 1 - count
    return size * nth // count, size * (nth + 1) // count


def _bits(rng: random.Random, data: bytes, a: int, b: int) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 2, 8, 64])):
        changed[rng.randrange(a, b)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def damaged(rng: random.Random, number: int, samples: Sequence[bytes], marks: Sequence[bytes]) -> bytes:
    """Even numbers sweep over the samples strip by strip, odd ones do anything anywhere, one to three times."""
    nth, sweeps = number // 2, number % 2 == 0
    data, nth = samples[nth % len(samples)], nth // len(samples)
    if sweeps:
        return _SWEPT[SWEPT[nth % len(SWEPT)]](rng, data, *strip(nth // len(SWEPT), len(data)))
    for _ in range(rng.randint(1, 3)):
        if marks and rng.random() < 0.6:
            data = _field(rng, data, marks)
        elif data:
            a = rng.randrange(len(data))
            b = min(a + rng.choice([1, 2, 4, 8, 16, 64, 256, 1024, len(data)]), len(data))
            data = rng.choice([*_SWEPT.values(), *_OTHERS.values()])(rng, data, a, b)
    return data


def _field(rng: random.Random, data: bytes, marks: Sequence[bytes]) -> bytes:
    """Something extreme in or beside a field of the header."""
    mark = rng.choice(marks)
    places = [at for at in range(len(data)) if data.startswith(mark, at)]
    if not places:
        return data
    if mark == b"tkhd" and rng.random() < 0.4:
        at = rng.choice(places) + 44
        turn = struct.pack(">9i", *(rng.choice([0, 1 << 16, -1 << 16, 1 << 30, 1, -(1 << 31)]) for _ in range(9)))
        return data[:at] + turn + data[at + len(turn) :]
    at = max(rng.choice(places) + rng.choice([-4, len(mark), len(mark) + 1, len(mark) + rng.randrange(48)]), 0)
    extreme = _extreme(rng)
    return data[:at] + extreme + data[at + len(extreme) :]


def _extreme(rng: random.Random) -> bytes:
    size = rng.choice([1, 2, 4, 8])
    order = rng.choice("<>")
    if size >= 4 and rng.random() < 0.3:
        number = rng.choice([nan, inf, -inf, -1.0, 0.0, 1e-38, 3e38])
        return struct.pack(order + ("f" if size == 4 else "d"), number)
    top = (1 << 8 * size) - 1
    wanted = rng.choice(
        [0, 1, top, top >> 1, (top >> 1) + 1, top - 1, 16384, 65535, 1_000_000_000, rng.randint(0, top)]
    )
    return (wanted & top).to_bytes(size, "big" if order == ">" else "little")


def _container(kind: str) -> Callable[[random.Random, int, Path, Path], Path]:
    marks = _MARKS[kind].split() if kind in _MARKS else [bytes.fromhex(element) for element in _EBML.split()]

    def make(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
        sound = [path.read_bytes() for path in sorted(samples.glob(f"{kind}-*"))]
        return _written(folder / f"case.{kind}", damaged(rng, number, sound, marks))

    return make


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# --- time stamps -------------------------------------------------------------------------------------------

_ODD = [nan, inf, -inf, 0.0, -1.0, 1e9, -1e9, 1e17, 1e300, -1e300, 1.7e308, 5e-324, 86399.0, 86401.0]


def _stamps(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    """The length of a frame and the stamps of up to some hundred frames."""
    frame_s = rng.choice([0.001, 1 / 240, 1 / 30, 1 / 15, 1.0, 10.0])
    stamps: list[float] = []
    now = rng.choice([0.0, 5.0, *_ODD])
    share = rng.choice([0.0, 0.02, 0.2, 0.9, 1.0])
    for _ in range(rng.choice([1, 2, 3, 30, 300])):
        now += frame_s
        if rng.random() < share:
            now = rng.choice([now, now - rng.random(), now + rng.choice(_ODD), rng.choice(_ODD)])
        stamps.append(rng.choice([now, rng.choice(_ODD)]) if rng.random() < share / 4 else now)
    return _written(folder / "case.json", json.dumps({"frame_s": frame_s, "stamps": stamps}).encode())


def _timed(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    """A real file whose packets have stamps that jump, go back, stand still or are not there."""
    import av

    path = folder / f"case.{rng.choice(['mkv', 'mp4', 'avi', 'mov', 'nut'])}"
    wild = rng.choice([0.05, 0.3, 1.0])
    # The library refuses some of the stamps; the file then ends there.
    with suppress(av.error.FFmpegError, ValueError, OverflowError), av.open(samples / "timed-0.mkv") as source:
        stream = source.streams.video[0]
        with av.open(path, "w") as target:
            out = target.add_stream_from_template(stream)
            for nth, packet in enumerate(source.demux(stream)):
                if packet.dts is None:
                    continue
                packet.dts = None if rng.random() < wild / 8 else nth - 100
                packet.pts = _stamp(rng, packet.pts) if rng.random() < wild else packet.pts
                packet.stream = out
                target.mux(packet)
    if not path.exists():
        path.touch()
    return path


def _stamp(rng: random.Random, before: int) -> int | None:
    near, far = before - rng.randrange(500), before + 10 ** rng.randrange(12)
    stamps: list[int | None] = [None, near, far, 0, 70, 1 << 62, rng.randrange(10**5)]
    return rng.choice(stamps)


# --- texts -------------------------------------------------------------------------------------------------

_CELLS = [
    *("", " ", "nan", "NaN", "inf", "-inf", "1e308", "-1e308", "1e309", "5e-324", "0", "-0.0", "1e17", "9" * 400),
    *(
        "x",
        '"',
        "=1+1",
        "1,5",
        "\0",
        "\ufeff",
        "1_0",
        "٣",
        "0x10",
        "true",
        "left",
        "é" * 50,
        "9" * 140_000,
        "180",
        "-720",
    ),
]


def _signal(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    sound = (samples / "signals" / "two@15hz.csv").read_bytes()
    if number % 4 < 2:
        return _written(folder / "case.csv", damaged(rng, number // 4 * 2 + number % 4, [sound], []))
    rows = [line.split(",") for line in sound.decode().splitlines()]
    for _ in range(rng.choice([1, 1, 3, 40])):
        rng.choice(_ROWS if number % 4 == 2 else _ANGLES)(rng, rows)
    if number % 4 == 3:
        return _written(folder / "case.csv", "".join(",".join(row) + "\n" for row in rows).encode())
    newlines = rng.choice([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r", "\n\n"]])
    text = rng.choice(["", "", "", "\ufeff", "\n\n", "sep=,\n"]) + "".join(
        ",".join(row) + rng.choice(newlines) for row in rows
    )
    encoding = rng.choice(["utf-8", "utf-8", "utf-8", "utf-16", "latin-1"])
    return _written(folder / "case.csv", text.encode(encoding, "replace"))


Rows = list[list[str]]


def _set_cell(rng: random.Random, rows: Rows) -> None:
    row = rng.choice(rows[rng.randint(0, 1) :] or [[""]])
    if row:
        row[rng.randrange(len(row))] = rng.choice(_CELLS)


def _set_angle(rng: random.Random, rows: Rows) -> None:
    """A number that may stand there, however odd."""
    for row in rng.sample(rows[1:], rng.choice([1, 10, 100])):
        row[rng.choice([1, 1, 2, 4])] = rng.choice(
            ["", "nan", "0", "-0.0", "90", "180", "-720", "1e17", "1e308", "-1e308"]
        )


def _drop_column(rng: random.Random, rows: Rows) -> None:
    nth = rng.randrange(5)
    for row in rows:
        del row[nth : nth + 1]


def _double_column(rng: random.Random, rows: Rows) -> None:
    nth = rng.randrange(5)
    for row in rows:
        row[nth:nth] = row[nth : nth + 1]


def _scale_times(rng: random.Random, rows: Rows) -> None:
    factor, shift = rng.choice([1e-300, 1e-9, 1e3, 1e9, 1e300]), rng.choice([0.0, -1e308, 1e15, -1e15])
    for row in rows[1:]:
        with suppress(ValueError, IndexError):
            row[0] = repr(float(row[0]) * factor + shift)


def _scale_angles(rng: random.Random, rows: Rows) -> None:
    factor = rng.choice([-1.0, 1e3, 1e300, 0.0, 1e-300])
    for row in rows[1:]:
        with suppress(ValueError, IndexError):
            row[1] = repr(float(row[1]) * factor)


def _shuffle_rows(rng: random.Random, rows: Rows) -> None:
    rng.shuffle(rows)


def _insert_row(rng: random.Random, rows: Rows) -> None:
    rows.insert(rng.randrange(len(rows) + 1), [rng.choice(_CELLS) for _ in range(rng.choice([1, 4, 5, 6, 200]))])


def _drop_rows(rng: random.Random, rows: Rows) -> None:
    del rows[rng.randrange(len(rows) + 1) : rng.randrange(len(rows) + 1)]


def _repeat_rows(rng: random.Random, rows: Rows) -> None:
    rows[:] = (rows * 2)[:2000]


_ROWS: list[Callable[[random.Random, Rows], None]] = [
    *(_set_cell, _set_cell, _set_cell, _drop_column, _double_column, _scale_times, _scale_angles, _shuffle_rows),
    *(_insert_row, _drop_rows, _repeat_rows),
]
_ANGLES: list[Callable[[random.Random, Rows], None]] = [_set_angle, _set_angle, _scale_angles]

_TOML = [
    *("nan", "inf", "-inf", "1e308", "-0.0", "true", '"x"', '""', "[]", "[1, 2]", "{a = 1}", "1979-05-27", "0x7f", "0"),
    *(
        "9" * 400,
        "9" * 5000,
        "0x" + "f" * 5000,
        "[" * 3000,
        "{a=" * 3000,
        '"\\ud800"',
        '"\\u0000"',
        "1_000",
        "07:32:00",
        "67",
        '"strict"',
    ),
    *(
        '"2/0/2/0"',
        '"1e999/0/0/0"',
        '"9/9/9/' + "9" * 5000 + '"',
        "'''",
        "1" + "_1" * 3000,
        "-1",
        '"' + "y" * 10**5 + '"',
    ),
]


def _settings(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    lines = [
        f'tempo = "{Config().tempo}"',
        'strictness = "normal"',
        "full_deg = 67.0",
        "max_gap_s = 1.0",
        "rate_hz = 15",
    ]
    sound = "\n".join([*lines, "knee_deg = 130 # degrees", ""])
    if number % 4 < 2:
        return _written(folder / "case.toml", damaged(rng, number // 4 * 2 + number % 4, [sound.encode()], []))
    for _ in range(rng.choice([1, 1, 2, 5])):
        name = rng.choice(
            ["full_deg", "tempo", "strictness", "rate_hz", "max_rep_s", "x", '""', "a.b.c", "[t]\nx", "path"]
        )
        line = f"{name} = {rng.choice(_TOML)}"
        lines.insert(rng.randrange(len(lines) + 1), line)
        if rng.random() < 0.8:
            lines = [kept for kept in lines if kept == line or not kept.startswith(name)]
    return _written(folder / "case.toml", "\n".join(lines).encode(rng.choice(["utf-8"] * 6 + ["utf-16"])))


_JSON: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        1e308,
        nan,
        inf,
        -inf,
        10**400,
        "",
        "x",
        "../x",
        "a\0b",
        "\ud800",
        [],
        {},
        [[]],
        [1],
    ),
    *([1, 2], ["a", "b"], [5, 1], {"a": 1}, [nan, nan], "9" * 2000, 2.5, [None, None], "full", "partial", "distractor"),
]


def _labels(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    """Labels of signals that are there, with something odd in them."""
    document: Any = {"clips": [_clip("two", "clean", 2), _clip("one", "partial", 1), _clip("none", "distractor", 0)]}
    path = folder / "case.json"
    if number % 4 < 2:
        sound = json.dumps(document).encode()
        return _written(path, damaged(rng, number // 4 * 2 + number % 4, [sound], []))
    for _ in range(rng.choice([1, 1, 2, 6])):
        document = _spoilt(rng, document)
    text = json.dumps(document)
    odd = [text, text, text, text, "[" * 20_000, "\ufeff" + text, text * 2, text.replace("2", "9" * 5000, 1)]
    return _written(path, rng.choice(odd).encode())


def _clip(name: str, kind: str, full: int) -> dict[str, Any]:
    reps = [{"kind": "full", "start": 1.0, "top": 2.5, "end": 4.0, "peak_hip_flexion_deg": 90.0}] * full
    reps += [{"kind": "partial", "start": 5.0, "top": 6.5, "end": 8.0, "peak_hip_flexion_deg": None}]
    expected = {"full_strict": full, "accept": [full, full + 1]}
    view = {"yaw_deg": 10}
    return {
        "id": name,
        "file": f"signals/{name}@15hz.csv",
        "class": kind,
        "view": view,
        "expected": expected,
        "reps": reps,
    }


def _spoilt(rng: random.Random, node: Any) -> Any:
    """A copy with one part of it replaced, dropped or doubled."""
    if isinstance(node, dict) and node and rng.random() < 0.9:
        name = rng.choice(list(node))
        others = {key: value for key, value in node.items() if key != name}
        return others if rng.random() < 0.2 else {**others, name: _spoilt(rng, node[name])}
    if isinstance(node, list) and node and rng.random() < 0.9:
        nth = rng.randrange(len(node))
        middle = [node[nth]] * 2 if rng.random() < 0.1 else [_spoilt(rng, node[nth])]
        return [*node[:nth], *middle, *node[nth + 1 :]]
    return rng.choice(_JSON)


_PLAYLISTS = [
    "ffconcat version 1.0\nfile case.mp4\n",
    "ffconcat version 1.0\n" + "file sound.mp4\n" * 50,
    "ffconcat version 1.0\nfile sound.mp4\nduration 1e300\noutpoint 99999999\n",
    "ffconcat version 1.0\nfile 'http://127.0.0.1:9/x.mp4'\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ncase.mp4\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsound.mp4\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"><Period/></MPD>\n',
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\n",
    "<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>",
    "P6 65535 65535 255\n",
    "YUV4MPEG2 W64 H48 F1:0 Ip A0:0\nFRAME\n",
    ";FFMETADATA1\ntitle=x\n",
    "",
]


def _texts(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    """No video, but something that a reader of videos might follow elsewhere."""
    shutil.copy(samples / "mp4-0.mp4", folder / "sound.mp4")
    text = _PLAYLISTS[number % len(_PLAYLISTS)]
    ending = rng.choice(["mp4", "mp4", "m3u8", "ffconcat", "sdp", "txt", "mkv"])
    return _written(folder / f"case.{ending}", text.replace("case.mp4", f"case.{ending}").encode())


# --- history -----------------------------------------------------------------------------------------------

_SQL: list[Any] = [
    *(
        None,
        0,
        1,
        -1,
        2**62,
        -(2**63),
        1e308,
        -1e308,
        5e-324,
        inf,
        "",
        "x",
        "nan",
        b"",
        b"\xff\xfe\x00",
        "é" * 1000,
        1e15,
    ),
    *("2026-11-22", "0001-01-01", "9999-12-31", "99999-01-01", "2026-02-30", "2026-11-22T07:30:05.000+00:00"),
    *("9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00", "{}", "[]", "null", "[" * 5000, '{"full_deg": 1e999}'),
    *(
        '{"tempo": 7}',
        '{"full_deg": ' + "9" * 5000 + "}",
        '{"full_deg": ' + "9" * 400 + "}",
        "short_top;nonsense",
        86400,
        99999,
    ),
]
_COLUMNS = {
    "session": [
        "id",
        "started_utc",
        "utc_offset_s",
        "day",
        "source",
        "plan",
        "ended_utc",
        "version",
        "settings",
        "person_id",
        "video_sha256",
    ],
    "person": ["id", "name", "key", "target_deg"],
    "rep": [
        "session_id",
        "day",
        "number",
        '"set"',
        "start_s",
        "top_s",
        "end_s",
        "raise_s",
        "hold_s",
        "lower_s",
        "pause_s",
        "top_flexion_deg",
        "rest_flexion_deg",
        "knee_deg",
        '"full"',
        "flags",
        "confidence",
        "removed",
    ],
}
_SCHEMA = [
    "ALTER TABLE rep RENAME COLUMN flags TO flag",
    "ALTER TABLE session DROP COLUMN plan",
    "DROP TABLE rep",
    "DROP TABLE session",
    "DROP TABLE person",
    "ALTER TABLE person DROP COLUMN target_deg",
    "DELETE FROM rep",
    "DELETE FROM session",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 99",
    "PRAGMA user_version = -1",
    "PRAGMA application_id = 1",
    "PRAGMA journal_mode = DELETE",
    "CREATE TRIGGER t AFTER INSERT ON rep BEGIN SELECT RAISE(ABORT, 'no'); END",
    "DROP TABLE rep; CREATE VIEW rep AS SELECT 1 AS day",
    "DROP TABLE session; CREATE VIEW session AS SELECT * FROM rep",
    "PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = 'CREATE TABLE rep (x)' WHERE name = 'rep'",
]


def _history(rng: random.Random, number: int, samples: Path, folder: Path) -> Path:
    path = folder / "case.sqlite3"
    if number % 2 == 0:
        sound = (samples / "history.sqlite3").read_bytes()
        if rng.random() < 0.1:
            (folder / "case.sqlite3-wal").write_bytes(rng.choice([b"", rng.randbytes(500), sound[:5000]]))
        return _written(path, damaged(rng, number // 2, [sound], [b"SQLite format 3\0", b"CREATE TABLE", b"0x5245"]))
    shutil.copy(samples / "history.sqlite3", path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for _ in range(rng.choice([1, 1, 2, 5])):
            # Some would break what the tables demand; then they are as they were.
            with suppress(sqlite3.Error):
                _unsettle(rng, connection)
    return path


def _unsettle(rng: random.Random, connection: sqlite3.Connection) -> None:
    if rng.random() < 0.15:
        connection.executescript(rng.choice(_SCHEMA))
        return
    table = rng.choice(list(_COLUMNS))
    column, value = rng.choice(_COLUMNS[table]), rng.choice(_SQL)
    which = rng.choice(["1", "number % 2 = 0" if table == "rep" else "rowid % 2 = 0", "day = '2026-11-21'"])
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {which}", [value])


MAKERS: dict[str, Callable[[random.Random, int, Path, Path], Path]] = {
    **{kind: _container(kind) for kind in CONTAINERS},
    "timed": _timed,
    "texts": _texts,
    "stamps": _stamps,
    "signal": _signal,
    "settings": _settings,
    "labels": _labels,
    "history": _history,
}
"""By kind: what writes case `number` into a folder, given its random numbers and the folder of sound files."""


def make(kind: str, number: int, seed: int, samples: Path, folder: Path) -> Path:
    """The file of one case, in `folder`, which is emptied first."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return MAKERS[kind](random.Random(f"{seed}/{kind}/{number}"), number, samples, folder)
