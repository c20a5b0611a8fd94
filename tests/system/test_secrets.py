"""No password of a camera leaves the command line: not to a terminal, a file, the history, a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from support import hostile, streams
from support.hostile import Guest, Server
from support.programs import Cli, run_process

from repcount.errors import CameraError
from repcount.video.camera import open_camera

SECRET = "hunter2"
SIGNS = ["", "#", "/", "?", "[", "]", "@", ":", "%40", "%", " ", "\\", "\n", "\x1b[31m", "'", '"', "&", "=", "ü"]
FORMS = [
    "{scheme}://me:{secret}@127.0.0.1:{port}/video",
    "{scheme}://{secret}:me@127.0.0.1:{port}/video?a=b",
    "{scheme}://127.0.0.1:{port}/video?user=me&password={secret}",
    "{scheme}://127.0.0.1:{port}/{secret}/video",
    "{scheme}://me:{secret}@127.0.0.1:99999/video",
    "{scheme}://me:{secret}@[::1/x",
    "{scheme}:/me:{secret}@127.0.0.1/video",
    "me:{secret}@127.0.0.1/video",
    "{scheme} ://me:{secret}@127.0.0.1/video",
    "{scheme}: //127.0.0.1/video?key={secret}",
    "you and me:{secret}@127.0.0.1/video",
]
ADDRESSES = [
    form.format(scheme=scheme, secret=f"{SECRET}{sign}{SECRET}", port=9)
    for form in FORMS
    for scheme in ("http", "https", "rtsp", "tcp", "ftp")
    for sign in SIGNS
    if "/" not in sign or "%" not in sign
]


def test_no_error_of_a_camera_holds_a_part_of_its_password() -> None:
    assert len(ADDRESSES) > 700
    for address in ADDRESSES:
        with pytest.raises(CameraError) as error, open_camera(address):
            pass
        assert SECRET not in str(error.value), address
        assert str(error.value).isprintable(), address


FEW = [
    f"http://me:{SECRET}@127.0.0.1:9/{SECRET}?password={SECRET}",
    f"rtsp://me:{SECRET}#/?{SECRET}@127.0.0.1/video",
    f"http://me:{SECRET}@[::1/x",
    f"me:{SECRET}@127.0.0.1/video",
]


@pytest.mark.slow
@pytest.mark.parametrize("address", FEW)
def test_no_command_tells_a_password(address: str, cli: Cli, tmp_path: Path) -> None:
    """Also where the address stands in the wrong place."""
    outputs = ["--csv", tmp_path / "a.csv", "--json", tmp_path / "a.json", "--signal", tmp_path / "a.signal.csv"]
    for arguments in (
        ["live", "--no-window", "--camera", address, *outputs],
        ["live", "--no-window", f"--camera={address}", "--camra", address],
        ["live", address],
        ["live", "--plan", address],
        ["live", "--config", address],
        ["live", "--no-window", "--csv", address],
        ["doctor", address],
        ["analyze", address, *outputs],
        ["analyze", address, address, "--json", "-"],
        ["recount", address],
        ["history", "--csv", address],
        [address],
    ):
        done = cli(*arguments)
        assert done.code in (1, 2), arguments
        assert SECRET not in done.out + done.err, arguments
        assert "Traceback" not in done.err, arguments
    done = cli("doctor", "--camera", address)
    assert SECRET not in done.out + done.err
    assert len([line for line in done.out.splitlines() if line.startswith("!!")]) == 1
    output = run_process("--debug", "live", "--no-window", "--camera", address)
    assert SECRET not in output.out + output.err
    assert [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []


def lead_and_loop(guest: Guest) -> None:
    """Somebody who lies still for three seconds, and then does reps for ever."""
    for picture in [hostile.clip()[0]] * round(3 * hostile.HZ) + hostile.clip() * 20:
        guest.send(streams.part(picture))
        guest.wait(1 / hostile.HZ)


@pytest.mark.slow
def test_a_session_keeps_and_shows_no_password(tmp_path: Path, history: Path, cli: Cli) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    names = {"csv": "reps.csv", "json": "reps.json", "signal": "signal.csv", "record": "film.mp4"}
    outputs = [part for option, name in names.items() for part in (f"--{option}", folder / name)]
    hostile.clip()  # made beforehand: nobody waits for it while connected
    server = Server("http", [*hostile.HTTP, lead_and_loop])
    login = quote(f"{SECRET}/#", safe="")
    address = server.url.replace("://", f"://me:{login}@") + f"/{SECRET}?token={SECRET}"
    with server.running():
        command = [sys.executable, "-m", "repcount", "--debug", "live", "--no-window", "--sound", "off"]
        process = subprocess.Popen(
            [*command, "--camera", address, *map(str, outputs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ},
        )
        with process:
            assert process.stderr is not None
            output = ""
            for line in process.stderr:
                output += line
                if " rep 1, full" in line:
                    process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            output += process.stdout.read()
        assert process.returncode == 130, output
    for arguments in (["--json", "-"], ["--csv", "-", "--sessions"], ["--sessions"], ["--report", folder / "a.html"]):
        done = cli("history", *arguments)
        assert done.code == 0, done.err
        output += done.out + done.err
    assert f"http://127.0.0.1:{server.port}/..." in output
    assert SECRET not in output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {*names.values(), "a.html", history.name} <= {path.name for path in files}
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
