"""Files as phones, cameras and editors write them, made of one short clip whose frames and reps are known."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.programs import Ffmpeg

RATE_HZ = 30.0
FRAMES = 120
"""Those of the clip that all are made of: 4 s, two full reps."""

Make = Callable[[Ffmpeg, Path, Path], Path]


@dataclass(frozen=True)
class Row:
    """A file to make, and what is to be read of it."""

    name: str
    make: Make
    times_s: tuple[float, ...] = tuple(n / RATE_HZ for n in range(FRAMES))
    """Times of its frames."""
    shows: tuple[int, ...] = ()
    """The frames of the clip that it shows, all by default."""
    full: int = 2
    size: tuple[int, int] = (640, 360)
    off: float = 9.0
    """Most grey levels, at the mean, by which a picture may differ from that of the clip."""
    said: tuple[str, ...] = ()
    """The warnings about the file that are right."""
    rewrapped: bool = False
    """Its pictures and times are those of a row before it, in another wrapping; nobody counts them again."""
    lost: int = 0
    """Most frames that may be missing: two equal ones may be one."""


def by(ending: str, *options: str | Path, before: tuple[str, ...] = ()) -> Make:
    """With ffmpeg, from the clip; `before` are options for reading it."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        return ffmpeg(*before, "-i", clip, *options, folder / f"made{ending}")

    return make


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-an")
X264B = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-bf", "3", "-an")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "20", "-x265-params", "log-level=none", "-tag:v", "hvc1")
Q = ("-q:v", "3")
TFF = ("-flags", "+ildct+ilme", "-top", "1")
SOUND = ("-f", "lavfi", "-i", "sine=d=9")


def matrix(*options: str, turn: str) -> Make:
    """Stored turned by the filter `turn`, and shown upright by a display matrix that `options` write."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        lying = ffmpeg("-i", clip, "-vf", turn, *X264, folder / "lying.mp4")
        return ffmpeg(*options, "-i", lying, "-c", "copy", folder / "made.mp4")

    return make


def joined(first: tuple[str, ...], second: tuple[str, ...], ending: str = ".ts") -> Make:
    """The first and the second half of the clip, each with options of its own, one after the other in one file."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        one = ffmpeg("-i", clip, "-frames:v", "60", *first, folder / f"one{ending}")
        other = ffmpeg("-ss", "2", "-i", clip, *second, folder / f"two{ending}")
        both = folder / f"made{ending}"
        both.write_bytes(one.read_bytes() + other.read_bytes())
        return both

    return make


def concatenated(first: tuple[str, ...], second: tuple[str, ...], ending: str = ".mp4") -> Make:
    """The same, joined by ffmpeg without encoding again."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        ffmpeg("-i", clip, "-frames:v", "60", *first, folder / f"one{ending}")
        ffmpeg("-ss", "2", "-i", clip, *second, folder / f"two{ending}")
        listed = folder / "list.txt"
        listed.write_text(f"file one{ending}\nfile two{ending}\n", encoding="utf-8")
        return ffmpeg("-f", "concat", "-i", listed, "-c", "copy", folder / f"made{ending}")

    return make


def patched(make: Make, box: bytes, at: int, value: bytes) -> Make:
    """With other bytes in a box of an MP4 file, counted from its name."""

    def made(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        path = make(ffmpeg, clip, folder)
        content = bytearray(path.read_bytes())
        start = content.index(box) + at
        content[start : start + len(value)] = value
        path.write_bytes(content)
        return path

    return made


def two_streams(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
    """A small preview before the video itself, as action cameras have."""
    graph = "[0:v]split[a][b];[a]scale=64:36[small]"
    maps = ("-map", "[small]", "-map", "[b]", "-disposition:v:0", "0", "-disposition:v:1", "default")
    return ffmpeg("-i", clip, "-filter_complex", graph, *maps, *X264, folder / "made.mp4")


def cover(ending: str) -> Make:
    """With a cover picture as first stream."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        picture = ffmpeg("-f", "lavfi", "-i", "color=red:s=300x300", "-frames:v", "1", folder / "cover.png")
        order = ("-map", "1", "-map", "0:v", "-c", "copy", "-disposition:v:0", "attached_pic")
        return ffmpeg("-i", clip, "-i", picture, *order, folder / f"made{ending}")

    return make


def late_video(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
    """A transport stream whose pictures begin 7 s after its sound."""
    return ffmpeg(*SOUND, "-itsoffset", "7", "-i", clip, "-c:v", "copy", "-c:a", "aac", folder / "made.ts")


def longer_sound(ending: str, *options: str) -> Make:
    """With a sound that goes on for 5 s after the last picture."""

    def make(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
        return ffmpeg("-i", clip, *SOUND, *options, "-ac", "2", "-ar", "48000", folder / f"made{ending}")

    return make


def without_differences(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
    """Made of an AVI without decoding it: all pictures have times of decoding, and no others."""
    made = ffmpeg("-i", clip, *X264B, "-use_editlist", "0", folder / "made.mp4")
    made.write_bytes(made.read_bytes().replace(b"ctts", b"free"))
    return made


def jumped(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Path:
    """A recording whose clock jumps ahead by an hour in the middle."""
    one = ffmpeg("-i", clip, "-frames:v", "60", *X264, folder / "one.ts")
    late = ("-output_ts_offset", "3600")
    two = ffmpeg("-ss", "2", "-i", clip, *X264, *late, folder / "two.ts")
    path = folder / "made.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    return path


def thinned(every: int) -> tuple[int, ...]:
    """The first second whole, then every so many frames."""
    return tuple(n for n in range(FRAMES) if n < 30 or n % every == 0)


VFR = ("-vf", "select='lt(n,30)+not(mod(n,3))'", "-fps_mode", "vfr")

SMALL = ("-vf", "scale=320:180")

OWN_COLOURS = "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none"
"""The 256 colours that fit best, as editors choose them."""


def times(shown: tuple[int, ...]) -> tuple[float, ...]:
    """The times of frames of the clip, from the first of them."""
    return tuple((n - shown[0]) / RATE_HZ for n in shown)


REPEATED = "(not(mod(N\\,10))*gt(N\\,0))"
"""Every tenth frame."""

PAUSE_S = 20

LATER = tuple(range(30, 120))
HUGE = struct.pack(">I", 0x7FFFFFFF)

ROWS = [
    # codec and container
    *[
        Row(f"h264{ending}", by(ending, *X264B), rewrapped=ending != ".mp4")
        for ending in (".mp4", ".mov", ".mkv", ".flv", ".ts", ".m4v", ".3gp")
    ],
    Row("h264.avi", by(".avi", *X264)),
    Row("h264 fragmented", by(".mp4", *X264B, "-movflags", "frag_keyframe+empty_moov"), rewrapped=True),
    Row("h264 index first", by(".mp4", *X264B, "-movflags", "faststart"), rewrapped=True),
    Row("h264 open groups", by(".ts", *X264B, "-x264-params", "open-gop=1:keyint=20")),
    Row("h264.wmv", by(".asf", *X264), rewrapped=True),
    *[Row(f"hevc{ending}", by(ending, *X265), rewrapped=ending != ".mp4") for ending in (".mp4", ".mkv", ".mov")],
    Row("hevc.ts", by(".ts", *X265[:-2]), rewrapped=True),
    *[
        Row(f"av1{ending}", by(ending, "-c:v", "libsvtav1", "-preset", "10", "-crf", "30"), rewrapped=ending != ".mp4")
        for ending in (".mp4", ".webm", ".ivf")
    ],
    Row("vp8.webm", by(".webm", "-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime", "-cpu-used", "8")),
    *[
        Row(f"vp9{ending}", by(ending, "-c:v", "libvpx-vp9", "-b:v", "2M", "-deadline", "realtime", "-cpu-used", "8"),
            rewrapped=ending != ".webm")
        for ending in (".webm", ".mp4")
    ],
    *[
        Row(f"mpeg2{ending}", by(ending, "-c:v", "mpeg2video", *Q, "-bf", "2"), rewrapped=ending != ".ts")
        for ending in (".ts", ".vob", ".mxf")
    ],
    Row("mpeg1.mpg", by(".mpg", "-c:v", "mpeg1video", *Q)),
    *[
        Row(f"mpeg4{ending}", by(ending, "-c:v", "mpeg4", *Q, "-bf", "2"), rewrapped=ending != ".mp4")
        for ending in (".mp4", ".avi", ".mkv")
    ],
    Row("xvid.avi", by(".avi", "-c:v", "libxvid", *Q)),
    Row("msmpeg4.avi", by(".avi", "-c:v", "msmpeg4v2", *Q)),
    Row("wmv2.wmv", by(".wmv", "-c:v", "wmv2", *Q)),
    *[
        Row(f"mjpeg{ending}", by(ending, "-c:v", "mjpeg", *Q), rewrapped=ending != ".avi")
        for ending in (".avi", ".mov", ".mkv")
    ],
    Row("theora.ogv", by(".ogv", "-c:v", "libtheora", "-q:v", "8")),
    Row("flv1.flv", by(".flv", "-c:v", "flv", *Q)),
    Row("prores.mov", by(".mov", "-c:v", "prores_ks", "-profile:v", "0")),
    Row("dnxhr.mov", by(".mov", "-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p")),
    Row("cineform.mov", by(".mov", "-c:v", "cfhd", "-pix_fmt", "yuv422p10", "-vf", "pad=640:368", "-q", "6"),
        size=(640, 368), off=12),
    Row("ffv1.mkv", by(".mkv", "-c:v", "ffv1")),
    Row("huffyuv.avi", by(".avi", "-c:v", "huffyuv", "-pix_fmt", "yuv422p")),
    Row("utvideo.avi", by(".avi", "-c:v", "utvideo")),
    Row("raw.avi", by(".avi", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-vf", "scale=320:180"), size=(320, 180)),
    Row("raw.y4m", by(".y4m", "-vf", "scale=320:180"), size=(320, 180), rewrapped=True),
    Row("h263.3gp", by(".3gp", "-c:v", "h263", "-vf", "scale=352:288,setsar=16/11", "-q:v", "2"), size=(512, 288),
        off=12),
    Row("gif", by(".gif", "-vf", f"fps=100/3,scale=320:180,{OWN_COLOURS}"), size=(320, 180), off=16,
        times_s=tuple(n * 0.03 for n in range(133)), shows=tuple(min(round(n * 0.9), 119) for n in range(133))),
    Row("apng", by(".apng", "-vf", "scale=320:180", "-pred", "mixed"), size=(320, 180)),
    Row("webp", by(".webp", "-c:v", "libwebp_anim", "-q:v", "70", "-vf", "scale=320:180"), size=(320, 180), off=12,
        lost=1),
    # pixels
    Row("h264 10 bits", by(".mp4", *X264, "-pix_fmt", "yuv420p10le")),
    Row("hevc 10 bits", by(".mp4", *X265, "-pix_fmt", "yuv420p10le")),
    Row("hevc 12 bits 4:2:2", by(".mp4", *X265, "-pix_fmt", "yuv422p12le")),
    Row("h264 4:2:2", by(".mp4", *X264, "-pix_fmt", "yuv422p")),
    Row("h264 4:4:4", by(".mp4", *X264, "-pix_fmt", "yuv444p")),
    Row("h264 full range", by(".mp4", *X264, "-pix_fmt", "yuvj420p", "-vf", "scale=out_range=full")),
    Row("h264 grey", by(".mp4", *X264, "-pix_fmt", "gray")),
    Row("h264 rgb", by(".mp4", "-c:v", "libx264rgb", "-preset", "ultrafast", "-crf", "18")),
    Row("prores 4444", by(".mov", "-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le")),
    Row("hlg", by(".mp4", *X265, "-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-color_primaries", "bt2020",
                  "-colorspace", "bt2020nc")),
    Row("pq", by(".mp4", *X265, "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-color_primaries", "bt2020",
                 "-colorspace", "bt2020nc")),
    # interlaced
    *[
        Row(f"interlaced h264{ending}", by(ending, *X264, "-x264-params", f"{order}=1"))
        for ending, order in ((".mp4", "tff"), (".ts", "bff"))
    ],
    Row("interlaced later", concatenated((*X264,), (*X264, "-x264-params", "tff=1"), ".ts")),
    Row("interlaced mpeg2.ts", by(".ts", "-c:v", "mpeg2video", *Q, "-flags", "+ildct+ilme", "-field_order", "tt")),
    Row("interlaced mpeg2.mpg", by(".mpg", "-c:v", "mpeg2video", *Q, "-flags", "+ildct+ilme", "-field_order", "bb")),
    Row("interlaced mpeg4.avi", by(".avi", "-c:v", "mpeg4", *Q, "-flags", "+ildct+ilme")),
    Row("interlaced prores.mov", by(".mov", "-c:v", "prores_ks", "-profile:v", "2", "-flags", "+ildct",
                                    "-vf", "setfield=tff")),
    Row("interlaced dv.avi",
        by(".avi", "-c:v", "dvvideo", "-pix_fmt", "yuv411p", "-vf", "fps=30000/1001,scale=720:480,setsar=32/27"),
        size=(853, 480), off=12, times_s=tuple(n * 1.001 / 30 for n in range(120))),
    # pixel shapes
    Row("wide pixels.mp4", by(".mp4", *X264, "-vf", "scale=480:360,setsar=4/3")),
    Row("wide pixels.mkv", by(".mkv", *X264, "-vf", "scale=320:360,setsar=2")),
    Row("wide pixels.ts", by(".ts", *X264, "-vf", "scale=480:360,setsar=4/3")),
    Row("narrow pixels.mp4", by(".mp4", *X264, "-vf", "scale=640:270,setsar=3/4")),
    Row("dvd.vob", by(".vob", "-c:v", "mpeg2video", *Q, "-vf", "scale=720:576,setsar=64/45", "-flags", "+ildct+ilme"),
        size=(1024, 576)),
    Row("wide pixels, turned",
        matrix("-display_rotation", "90", turn="scale=480:360,setsar=4/3,transpose=1,setsar=3/4")),
    # display matrices
    Row("turned by 90", matrix("-display_rotation", "90", turn="transpose=1")),
    Row("turned by 180", matrix("-display_rotation", "180", turn="hflip,vflip")),
    Row("turned by 270", matrix("-display_rotation", "270", turn="transpose=2")),
    Row("mirrored", matrix("-display_hflip", turn="hflip")),
    Row("upside down", matrix("-display_vflip", turn="vflip")),
    Row("mirrored and turned by 90", matrix("-display_rotation", "90", "-display_hflip", turn="hflip,transpose=1")),
    Row("mirrored and turned by 270", matrix("-display_rotation", "270", "-display_hflip", turn="hflip,transpose=2")),
    # times
    Row("edit list", by(".mp4", "-c", "copy", before=("-ss", "1")), times_s=times(LATER), shows=LATER, full=-1),
    Row("longer sound.webm", longer_sound(".webm", "-c:v", "libvpx", "-b:v", "2M", "-cpu-used", "8")),
    Row("longer sound.mp4", longer_sound(".mp4", "-c:v", "copy")),
    # Other sound begins before zero, so that ffmpeg shows the first frame twice and all others one frame later.
    Row("longer sound.avi", longer_sound(".avi", "-c:v", "mpeg4", "-q:v", "2", "-c:a", "pcm_s16le")),
    Row("first frame twice.avi", longer_sound(".avi", "-c:v", "mpeg4", *Q), rewrapped=True,
        times_s=(0.0, *(n / RATE_HZ for n in range(2, FRAMES + 1)))),
    # times of decoding alone
    Row("b frames.avi", by(".avi", *X264B)),
    Row("b frames hevc.avi", by(".avi", *X265[:-2], "-bf", "3", "-tag:v", "hevc"), rewrapped=True),
    Row("b frames large.avi", by(".avi", *X264B, "-vf", "scale=1280:720"), size=(1280, 720), rewrapped=True),
    Row("b frames interlaced.avi", by(".avi", *X264B, "-x264-params", "tff=1"), rewrapped=True),
    Row("b frames.wmv", by(".asf", *X264B), rewrapped=True),
    Row("b frames mpeg2.wmv", by(".asf", "-c:v", "mpeg2video", *Q, "-bf", "2"), rewrapped=True),
    Row("b frames.mxf", by(".mxf", *X264B), rewrapped=True),
    Row("b frames, no differences.mp4", without_differences, rewrapped=True),
    Row("b frames, variable rate.mp4", by(".mp4", *X264B, *VFR), times_s=times(thinned(3)), shows=thinned(3),
        rewrapped=True),
    Row("late start", by(".mkv", "-c", "copy", "-output_ts_offset", "5"), rewrapped=True),
    Row("late video.ts", late_video),
    Row("variable rate.mp4", by(".mp4", *X264, *VFR), times_s=times(thinned(3)), shows=thinned(3)),
    Row("variable rate.mkv", by(".mkv", *X264B, *VFR), times_s=times(thinned(3)), shows=thinned(3)),
    Row("slow motion 240", by(".mp4", *X264, "-vf", "fps=240"), times_s=tuple(n / 240 for n in range(960)),
        shows=tuple(n // 8 for n in range(960))),
    Row("10 a second", by(".mp4", *X264, "-vf", "fps=10"), times_s=tuple(n / 10 for n in range(40)),
        shows=tuple(range(1, 120, 3))),
    Row("clock wraps", by(".ts", *X264B, "-output_ts_offset", "95441.2")),
    Row("clock jumps", jumped, said=("timestamps_repaired",)),
    Row("joined.ts", joined((*X264,), (*X264,)), said=("timestamps_repaired",)),
    Row("joined mpeg1.ts", joined(("-c:v", "mpeg1video", *Q), ("-c:v", "mpeg1video", *Q)), rewrapped=True,
        said=("timestamps_repaired",)),
    Row("joined.mp4", concatenated((*X264,), (*X264,))),
    Row("no length.mp4", patched(by(".mp4", *X264), b"mvhd", 20, b"\xff\xff\xff\xff")),
    Row("long length.mp4",
        patched(patched(patched(by(".mp4", *X264), b"mvhd", 20, HUGE), b"mdhd", 20, HUGE), b"tkhd", 24, HUGE)),
    Row("no length.mkv", by(".mkv", *X264B, "-live", "1")),
    Row("no length.webm", by(".webm", "-c:v", "libvpx", "-b:v", "2M", "-cpu-used", "8", "-live", "1")),
    Row("repeated stamps", by(".mkv", "-c:v", "mjpeg", *Q, "-bsf:v", f"setts=ts=TS-{REPEATED}*34"),
        said=("timestamps_repaired",)),
    Row("a pause", by(".mp4", *X264, "-vf", f"setpts=PTS+gte(N\\,60)*{PAUSE_S}/TB", "-fps_mode", "passthrough"),
        times_s=tuple(n / RATE_HZ + (PAUSE_S if n >= 60 else 0) for n in range(FRAMES)), full=-1,
        said=("picture_frozen",)),
    # several streams
    Row("a preview first", two_streams),
    Row("cover picture.mp4", cover(".mp4"), rewrapped=True),
    Row("cover picture.mkv", cover(".mkv"), rewrapped=True),
    # two views in each picture
    Row("two eyes", by(".mp4", "-filter_complex", "[0:v]split[a][b];[a][b]hstack,scale=640:360", *X264),
        said=("view_repeated",)),
    # changes in mid-file
    Row("grows.ts", joined((*X264, *SMALL), (*X264,)), size=(320, 180), said=("timestamps_repaired",)),
    Row("shrinks.ts", joined((*X264,), (*X264, *SMALL)), said=("timestamps_repaired",)),
    Row("shrinks.mp4", concatenated((*X264,), (*X264, *SMALL))),
    Row("shrinks.mkv", concatenated((*X264,), (*X264, *SMALL), ".mkv"), rewrapped=True),
    Row("squeezed.mp4", concatenated((*X264,), (*X264, "-vf", "scale=480:360,setsar=4/3"))),
    Row("other pixels.mp4", concatenated((*X264,), (*X264, "-pix_fmt", "yuv444p"))),
    Row("other pixels.ts", joined((*X264,), (*X264, "-pix_fmt", "yuv422p10le")), said=("timestamps_repaired",)),
    Row("other aspect mpeg2.ts",
        joined(("-c:v", "mpeg2video", *Q), ("-c:v", "mpeg2video", *Q, "-vf", "scale=480:360,setdar=16/9")),
        said=("timestamps_repaired",)),
    Row("squeezed, b frames.mov", concatenated((*X264B,), (*X264B, "-vf", "scale=480:360,setsar=4/3"), ".mov"),
        rewrapped=True),
    # large, so that they are converted straight to a smaller size and frames are skipped
    Row("large h264", by(".mp4", *X264B, "-vf", "scale=1280:720"), size=(1280, 720)),
    Row("large hevc", by(".mp4", *X265, "-vf", "scale=1280:720"), size=(1280, 720)),
    Row("large h264.ts", by(".ts", *X264B, "-vf", "scale=1280:720"), size=(1280, 720)),
    Row("large interlaced", by(".ts", *X264B, "-vf", "scale=1440:1080,setsar=4/3", "-x264-params", "tff=1"),
        size=(1920, 1080)),
]  # fmt: skip


# --- H.264 in fields, each a picture of its own (PAFF), as of camcorders; no encoder here writes it ---------


def field_pictures(frames: int) -> bytes:
    """A stream of 64 by 64: a light bar on dark, which moves by 4 px from field to field. ITU-T H.264, 7.3."""
    parameters = f"{77:08b}{0:08b}{30:08b}" + _numbers(0, 0, 0, 4, 1) + "0" + _numbers(3, 1) + "00100"
    picture = _numbers(0, 0) + "00" + _numbers(0, 0, 0) + "000" + _numbers(0, 0, 0) + "100"
    fields = [_field(number, parity) for number in range(frames) for parity in (0, 1)]
    return b"".join([_unit(0x67, parameters), _unit(0x68, picture), *fields])


def _field(number: int, parity: int) -> bytes:
    """The top or bottom field of a frame, its pixels as they are (I_PCM)."""
    first = not number and not parity
    bits = (
        _numbers(0, 7, 0) + f"{number % 16:04b}1{parity}" + _numbers(0) * first + f"{(2 * number + parity) % 256:08b}"
    )
    bits += ("00" if first else "0") + _numbers(0, 1)
    bar = range(4 * (2 * number + parity), 4 * (2 * number + parity) + 16)
    for block in range(8):
        bits += _numbers(25)
        bits += "0" * (-len(bits) % 8)
        row = "".join(f"{220 if x in bar else 40:08b}" for x in range(block % 4 * 16, block % 4 * 16 + 16))
        bits += 16 * row + 128 * f"{128:08b}"
    return _unit(0x25 if first else 0x21, bits)


def _numbers(*numbers: int) -> str:
    """In Exp-Golomb code."""
    return "".join("0" * (number.bit_length() - 1) + f"{number:b}" for number in (n + 1 for n in numbers))


def _unit(kind: int, bits: str) -> bytes:
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    content = int(bits, 2).to_bytes(len(bits) // 8)
    return b"\0\0\0\1" + bytes([kind]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\0\0\3", content)
