"""Counting is silent on the network: what strace sees of the real commands, all their threads and children.

Only the kernel's own list of calls tells about MediaPipe, OpenCV, FFmpeg and the voice, which are not Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support import hostile, streams
from support.display import display
from support.programs import SAMPLES

pytestmark = pytest.mark.slow

CALLS = "%network,open,openat,openat2,io_uring_setup"

# A call and its arguments; strace writes them when the call begins, whoever else calls before it ends.
CALL = re.compile(r"^\d+ +(\w+)\((.*)")
ADDRESS = re.compile(r"sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, |sin6_addr=)\"([^\"]+)\"")
LOOKS_UP = re.compile(r'"/etc/(?:resolv\.conf|hosts|host\.conf|gai\.conf)"|"[^"]*/libnss_(?:dns|resolve|mdns)[^"]*"')
ASKS_A_RESOLVER = re.compile(r"nscd|systemd/resolve|avahi|lookup")
RELAY = re.compile(
    r"getsockname(?:\(\d+, | resumed>)\{sa_family=AF_INET, sin_port=htons\((\d+)\), "
    r'sin_addr=inet_addr\("127\.0\.0\.1"\)'
)
LOCAL = re.compile(r"\b(?:AF|PF)_(?:UNIX|LOCAL)\b")
"""X11, sound and the processes of one program among each other."""
HOTPLUG = "NETLINK_KOBJECT_UEVENT"
"""The kernel telling which devices are plugged in."""


def breaches(trace: str, stream: str | None = None, *, relayed: bool = False) -> list[str]:
    """The calls that are no silence; `stream` is the address that the user gave.

    `relayed`: it is read through a relay of this process's own on 127.0.0.1, whose port the kernel has chosen.
    """
    parts = urlsplit(stream) if stream else None
    allowed = {(parts.hostname, str(parts.port))} if parts else set()
    relay = set(RELAY.findall(trace)) if relayed else set()
    found = []
    for line in trace.splitlines():
        call = CALL.match(line)
        if call and _breaks(call[1], call[2], allowed | {("127.0.0.1", port) for port in relay}, listens=relayed):
            found.append(line)
    return found


def _breaks(name: str, arguments: str, allowed: set[tuple[str | None, str]], *, listens: bool) -> bool:
    if name.startswith("open"):
        return bool(LOOKS_UP.search(arguments))
    if name == "io_uring_setup":  # could connect without another call
        return True
    if LOCAL.search(arguments):
        return bool(ASKS_A_RESOLVER.search(arguments))
    if name == "socket":
        internet = re.match(r"AF_INET6?\b", arguments)
        return HOTPLUG not in arguments and not (internet and allowed)
    if name.startswith("accept"):
        return not (listens and {host for _, host in ADDRESS.findall(arguments)} <= {"127.0.0.1"})
    if name == "bind":
        return not (listens and ADDRESS.findall(arguments) == [("0", "127.0.0.1")])
    return any((host, port) not in allowed for port, host in ADDRESS.findall(arguments))


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], Path]]:
    """Gives the command that runs `repcount` under strace, and the file that strace writes."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian: apt-get install strace)")
    monkeypatch.setenv("REPCOUNT_HISTORY", str(tmp_path / "history.sqlite3"))

    def command(*arguments: str | Path) -> tuple[list[str], Path]:
        trace = tmp_path / f"{arguments[0]}.strace"
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "256", "-e", f"trace={CALLS}", "-e", "signal=none"]
        program = [sys.executable, "-m", "repcount", *map(str, arguments)]
        return [*strace, "-o", str(trace), *program], trace

    return command


Traced = Callable[..., tuple[list[str], Path]]


def run(traced: Traced, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
    """What strace saw of a command that has to go well."""
    command, trace = traced(*arguments)
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False, env=env)
    if "PTRACE" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    seen = trace.read_text(encoding="utf-8", errors="replace")
    assert "openat(" in seen, "strace saw nothing"
    return seen


def test_analyze_with_all_it_can_write_recount_and_history_are_silent(
    traced: Traced, piece: Path, tmp_path: Path
) -> None:
    signal, history = tmp_path / "signal.csv", tmp_path / "history.html"
    wishes = {
        "csv": "reps.csv",
        "json": "reps.json",
        "report": "report.html",
        "plot": "plot.png",
        "annotate": "seen.mp4",
    }
    named = [part for name, file in wishes.items() for part in (f"--{name}", tmp_path / file)]
    assert breaches(run(traced, "analyze", piece, "--jobs", "2", "--signal", signal, *named)) == []
    assert all((tmp_path / file).stat().st_size for file in wishes.values())
    assert breaches(run(traced, "recount", signal)) == []
    assert breaches(run(traced, "history", "--report", history)) == []


def test_demo_is_silent(traced: Traced, model: Path) -> None:
    assert breaches(run(traced, "demo")) == []


def test_live_with_window_voice_and_recording_talks_to_its_stream_alone(
    traced: Traced, model: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    with display() as screen, streams.mjpeg(SAMPLES / "07_fast_reps.mp4", 24.0, lead_s=3.0, loop=True) as stream:
        command, trace = traced("live", "--camera", stream.url, "--record", film, "--plan", "1x2")
        program = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", env=screen.env
        )
        with program:
            assert program.stderr is not None
            for line in program.stderr:
                if " rep 1, full" in line:
                    screen.window("repcount")
                    screen.press("q")
        assert program.returncode == 0
    seen = trace.read_text(encoding="utf-8", errors="replace")
    assert breaches(seen, stream.url) == []
    assert ".X11-unix" in seen, "there was no window"
    for other in (None, "http://127.0.0.1:9/video"):
        assert any("connect(" in line for line in breaches(seen, other)), "it would not be noticed"


ELSEWHERE = "http://127.0.0.2:9/secret"
REFERS: dict[str, tuple[str, list[hostile.Step]]] = {
    "a redirection": ("http", [hostile.ASK, f"HTTP/1.1 302 Found\r\nLocation: {ELSEWHERE}\r\n\r\n".encode()]),
    "a redirection to a name": ("http", [hostile.ASK, b"HTTP/1.1 307 X\r\nLocation: //localhost:9/secret\r\n\r\n"]),
    "a playlist": ("http", [hostile.ASK, hostile.LIST, b"#EXTM3U\n#EXTINF:1,\n" + ELSEWHERE.encode() + b"\n"]),
    "a playlist that is called a video": (
        "http",
        [hostile.ASK, hostile.PLAIN, b"#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/secret.ts\n#EXT-X-ENDLIST\n"],
    ),
    "DASH": (
        "http",
        [hostile.ASK, hostile.PLAIN, f"<?xml version='1.0'?><MPD><BaseURL>{ELSEWHERE}</BaseURL></MPD>".encode()],
    ),
    "SDP": ("http", [hostile.ASK, hostile.PLAIN, hostile.SDP.replace(b"127.0.0.1", b"127.0.0.2")]),
    "a list of files": ("http", [hostile.ASK, hostile.PLAIN, f"ffconcat version 1.0\nfile {ELSEWHERE}\n".encode()]),
    "RTSP that redirects": (
        "rtsp",
        [hostile.answer(b"RTSP/1.0 302 X\r\nCSeq: CSEQ\r\nLocation: rtsp://127.0.0.2:9/secret\r\n\r\n")],
    ),
    "RTSP that redirects later": (
        "rtsp",
        [
            hostile.answer(hostile.OPTIONS),
            hostile.answer(b"RTSP/1.0 301 X\r\nCSeq: CSEQ\r\nLocation: rtsp://localhost:9/secret\r\n\r\n"),
        ],
    ),
    "RTSP with pictures from elsewhere": (
        "rtsp",
        [
            hostile.answer(hostile.OPTIONS),
            hostile.answer(hostile.describe(hostile.SDP.replace(b"127.0.0.1", b"127.0.0.2"))),
            hostile.answer(b"RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 1\r\n"
                           b"Transport: RTP/AVP;unicast;source=127.0.0.2;server_port=9-10\r\n\r\n"),
            hostile.answer(hostile.PLAY),
        ],
    ),
    "RTSP under another name": (
        "rtsp",
        [
            hostile.answer(hostile.OPTIONS),
            hostile.answer(
                hostile.describe(hostile.SDP.replace(b"control:video", b"control:rtsp://localhost:9/secret"))
                .replace(b"Session", b"Content-Base: rtsp://127.0.0.2:9/\r\nSession")
            ),
            hostile.answer(hostile.SETUP),
            hostile.answer(hostile.PLAY),
        ],
    ),
}  # fmt: skip
"""What a host may say to send its guest elsewhere."""


@pytest.mark.parametrize(
    ("how", "command"),
    [*((how, "live") for how in REFERS), ("a playlist", "doctor"), ("RTSP under another name", "doctor")],
)
def test_a_host_that_refers_to_another_one_is_the_only_one_that_is_talked_to(
    traced: Traced, how: str, command: str
) -> None:
    """`doctor` opens it with what `live` does."""
    server = hostile.Server(*REFERS[how])
    with server.running():
        options = ["--no-window", "--sound", "off", "--give-up", "4"] if command == "live" else []
        program, trace = traced(command, "--camera", server.url, *options)
        environment = {**os.environ, "http_proxy": "http://127.0.0.3:9", "https_proxy": "http://127.0.0.3:9"}
        done = subprocess.run(program, capture_output=True, encoding="utf-8", timeout=100, check=False, env=environment)
    seen = trace.read_text(encoding="utf-8", errors="replace")
    assert server.guests > 0
    assert done.returncode == 1, done.stderr
    assert breaches(seen, server.url, relayed=server.url.startswith("rtsp")) == []
    assert "secret" not in done.stdout + done.stderr


CONNECT = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
LEAKS = {
    "nothing": ("", None),
    "a connection": (CONNECT, "connect("),
    "a connection by IPv6": (
        "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect_ex(('::1', 9))",
        "connect(",
    ),
    "a datagram": (
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "sendto(",
    ),
    "a name look-up": ("import socket; socket.getaddrinfo('localhost', 9)", '"/etc/hosts"'),
    "a thread": (f"import threading; threading.Thread(target=lambda: exec({CONNECT!r})).start()", "connect("),
    "a child": (f"import os\nif os.fork() == 0:\n    {CONNECT}\n    os._exit(0)", "connect("),
}
"""What runs inside the program, and the call that has to be among those found."""


@pytest.mark.parametrize("leak", LEAKS)
def test_the_proof_fails_where_a_connection_is_made(traced: Traced, tmp_path: Path, leak: str) -> None:
    """The same command and the same look at it, but for one line that runs inside it."""
    (tmp_path / "signal.csv").write_text("time_s,hip_deg\n0,180\n", encoding="utf-8")
    code, call = LEAKS[leak]
    folder = tmp_path / "leaking"
    folder.mkdir()
    # Python runs a module of this name in every process before anything else.
    (folder / "sitecustomize.py").write_text(f"{code}\n", encoding="utf-8")
    leaking = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}
    found = breaches(run(traced, "recount", tmp_path / "signal.csv", env=leaking))
    if call is None:
        assert found == []
    else:
        assert any(call in line for line in found), found
