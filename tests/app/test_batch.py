"""Long runs over many videos: broken off and gone on with, here and on a cluster."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import SAMPLES, Cli, Ffmpeg, start

from repcount.app.cluster import DaskExecutor
from repcount.app.executor import WorkerError


@pytest.fixture
def folder(piece: Path, tmp_path: Path) -> list[Path]:
    """Three short videos."""
    videos = [tmp_path / f"{name}.mp4" for name in "abc"]
    for video in videos:
        shutil.copy(piece, video)
    return videos


def sources(results: Path) -> list[str]:
    return [Path(document["source"]["path"]).name for document in json.loads(results.read_text())]


@pytest.mark.slow
def test_what_is_there_already_is_not_done_again(cli: Cli, folder: list[Path], tmp_path: Path) -> None:
    results, rows = tmp_path / "results.json", tmp_path / "reps.csv"
    first = cli("analyze", *folder[:2], "--json", results)
    assert (first.code, "done before" in first.err) == (0, False)
    again = cli("analyze", *folder, "--json", results, "--csv", rows, "--resume")
    assert again.err.count("done before") == 2
    assert sources(results) == ["a.mp4", "b.mp4", "c.mp4"]
    assert len(rows.read_text().splitlines()) == 1 + 3 * 2
    fresh = tmp_path / "fresh.json"
    cli("analyze", *folder, "--json", fresh)
    assert json.loads(fresh.read_text()) == json.loads(results.read_text())


@pytest.mark.slow
def test_what_no_longer_holds_is_done_again(cli: Cli, ffmpeg: Ffmpeg, piece: Path, tmp_path: Path) -> None:
    """What was interrupted, another video of the same name, a file that nobody asked for, other settings."""
    videos = [ffmpeg("-t", "0.5", "-i", piece, tmp_path / f"{name}.mp4") for name in "ab"]
    results = tmp_path / "results.json"

    def done_before(*more: str | Path) -> int:
        again = cli("analyze", *videos, "--json", results, "--resume", *more)
        assert again.code == 0
        assert sources(results) == ["a.mp4", "b.mp4"]
        return again.err.count("done before")

    assert cli("analyze", *videos, "--json", results).code == 0
    documents = json.loads(results.read_text())
    documents[0]["interrupted"] = True
    results.write_text(json.dumps(documents))
    assert done_before() == 1
    with videos[0].open("ab") as file:
        file.write(bytes(8))
    os.utime(videos[0], (0, 0))  # a copy keeps the time of the original
    assert done_before() == 1
    assert done_before("--signal", tmp_path / "signals") == 0
    assert done_before("--set", "full_deg=70") == 0


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_was(cli: Cli, folder: list[Path], tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    long = SAMPLES / "09_partial_and_full.mp4"
    run = start("analyze", *folder, long, "--json", results)
    journal = tmp_path / "results.json.journal"
    try:
        for line in run.stdout or ():
            if line.startswith(str(folder[1])):
                break
        assert "repcount/1" in journal.read_text()
    finally:
        run.kill()
        run.communicate()
    assert not results.exists()
    with journal.open("a") as file:
        file.write('{"schema": "repcount/1", "sou')  # the line that it was writing
    again = cli("analyze", *folder, "--json", results, "--resume")
    assert again.code == 0
    assert "done before" in again.err
    assert sources(results) == ["a.mp4", "b.mp4", "c.mp4"]
    assert not journal.exists()


@pytest.mark.slow
def test_the_results_do_not_depend_on_how_many_are_at_work(cli: Cli, folder: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    videos = [folder[0], broken, *folder[1:]]
    found = []
    for jobs in ("1", "4"):
        results, signals = tmp_path / f"{jobs}.json", tmp_path / f"signals{jobs}"
        done = cli("analyze", *videos, "--jobs", jobs, "--json", results, "--signal", signals)
        assert done.code == 1
        assert done.err.count("broken.mp4 cannot be read") == 1
        found.append((results.read_text(), done.out, {path.name: path.read_bytes() for path in signals.iterdir()}))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume",), "--json"),
        (("--resume", "--json", "-"), "--json"),
        (("--resume", "--json", "results.json", "--report", "report.html"), "recount"),
        (("--cluster", "tcp://127.0.0.1:1", "--annotate", "film.mp4"), "--cluster"),
    ],
)
def test_what_does_not_go_together_is_told(
    cli: Cli, piece: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("analyze", piece, *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_damaged_file_of_results_is_no_reason_to_stop(cli: Cli, folder: list[Path], tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text('[{"schema": "repcount/1"}, {"schema": "other"}, 7')
    assert cli("analyze", *folder[:2], "--json", results, "--resume").code == 0
    assert sources(results) == ["a.mp4", "b.mp4"]


# --- a cluster ----------------------------------------------------------------------------------------------


class Cluster:
    """A Dask scheduler and workers on this machine."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self._stack = contextlib.ExitStack()
        self._folder = folder
        self.scheduler = self._begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._until(self.scheduler, r"(tcp://127\.0\.0\.1:\d+)")
        self.workers = [self._worker(str(number)) for number in range(workers)]

    def _worker(self, name: str) -> subprocess.Popen[str]:
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name]
        worker = self._begin("worker", self.address, *options, "--local-directory", str(self._folder))
        self._until(worker, r"(Starting established connection|Registered to)")
        return worker

    def _begin(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self._folder
        )
        self._stack.callback(process.communicate)
        self._stack.callback(process.kill)
        return process

    def _until(self, process: subprocess.Popen[str], pattern: str) -> str:
        lines = []
        for line in process.stderr or ():
            lines.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"it did not start: {lines}")

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="Dask is not installed")
    made = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.slow
def test_no_scheduler_is_told(cli: Cli, piece: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    done = cli("analyze", piece, "--cluster", "127.0.0.1:1")
    assert (done.code, done.out) == (1, "")
    assert "no Dask scheduler answers at 127.0.0.1:1" in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_a_host_that_is_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask itself would wait for it without end."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("repcount.app.cluster._ANSWER_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        end = threading.Timer(30, silent.close)
        end.start()
        with pytest.raises(WorkerError, match=f"the Dask scheduler at {address} does not answer"):
            DaskExecutor(address, print)
        end.cancel()


@pytest.mark.parametrize("address", ["tcp://", "http://127.0.0.1:1", "tcp://127.0.0.1:99999", "a:b:c", "/x", "::1"])
def test_what_is_no_address_is_told_at_once(cli: Cli, piece: Path, address: str) -> None:
    done = cli("analyze", piece, "--cluster", address)
    assert (done.code, done.out) == (1, "")
    shown = {"tcp://127.0.0.1:99999": "tcp://...", "a:b:c": "the address"}.get(address, address)
    assert done.err == f"repcount: {shown} is no address of a Dask scheduler: write it as tcp://host:8786\n"


@pytest.mark.parametrize("address", ["tcp://me:hunter2@127.0.0.1:9", "me:hunter2@127.0.0.1:9", "hunter2@127.0.0.1:9"])
def test_a_scheduler_has_no_password(cli: Cli, piece: Path, address: str) -> None:
    """Dask would print it."""
    done = cli("analyze", piece, "--cluster", address)
    assert "no address of a Dask scheduler" in done.err
    assert "hunter2" not in done.out + done.err


@pytest.mark.slow
def test_a_worker_without_repcount_is_told(
    cli: Cli, piece: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    (tmp_path / "repcount.py").write_text("raise ModuleNotFoundError(\"No module named 'repcount'\")")
    pytest.importorskip("distributed", reason="Dask is not installed")
    with monkeypatch.context() as there:
        there.setenv("PYTHONPATH", str(tmp_path))
        made = Cluster(tmp_path)
    with contextlib.closing(made):
        done = cli("analyze", piece, "--cluster", made.address)
    assert (done.code, done.out) == (1, "")
    message = (
        r"repcount: the Dask worker tcp://\S+ cannot load repcount: No module named 'repcount'. Install it there, too\n"
    )
    assert re.fullmatch(message, done.err), done.err


@pytest.mark.slow
def test_a_cluster_without_a_worker_is_told_and_given_up(
    cli: Cli, piece: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("repcount.app.cluster._NO_WORKER_SAID_S", 1.0)
    monkeypatch.setattr("repcount.app.cluster._NO_WORKER_S", 4.0)
    with contextlib.closing(Cluster(tmp_path, workers=0)) as made:
        done = cli("analyze", piece, "--cluster", made.address)
    assert (done.code, done.out) == (1, "")
    whose = f"the Dask scheduler at {made.address}"
    advice = f"start one on a machine that has repcount: dask worker {made.address}"
    assert done.err.splitlines() == [
        f"{whose} has no worker; waiting 4 s: {advice}",
        f"repcount: {whose} had no worker for 4 s: {advice}",
    ]


@pytest.mark.slow
def test_a_scheduler_that_is_killed_costs_what_is_not_counted_yet(
    folder: list[Path], tmp_path: Path, model: Path, ffmpeg: Ffmpeg
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    results = tmp_path / "results.json"
    made = Cluster(tmp_path)
    long = ffmpeg("-stream_loop", "5", "-i", SAMPLES / "09_partial_and_full.mp4", "-c", "copy", tmp_path / "long.mp4")
    with contextlib.closing(made):
        run = start("analyze", folder[0], long, "--cluster", made.address, "--json", results)
        killer = threading.Timer(300, run.kill)
        killer.start()
        try:
            for _ in run.stdout or ():
                break
            made.scheduler.kill()
            _, err = run.communicate()
        finally:
            killer.cancel()
            run.kill()
    assert run.returncode == 1
    assert "Traceback" not in err
    assert f"the Dask scheduler at {made.address} is gone; not counted: {long}" in err
    assert sources(results) == ["a.mp4"]


@pytest.mark.slow
def test_a_video_named_twice_is_counted_twice(cli: Cli, cluster: Cluster, folder: list[Path], tmp_path: Path) -> None:
    for where in ([], ["--cluster", cluster.address]):
        results = tmp_path / f"results{len(where)}.json"
        assert cli("analyze", folder[0], folder[0], *where, "--json", results).code == 0
        assert sources(results) == ["a.mp4", "a.mp4"]


@pytest.mark.slow
def test_a_cluster_counts_the_same_even_if_a_worker_dies(
    cli: Cli, cluster: Cluster, folder: list[Path], tmp_path: Path
) -> None:
    """One of the two workers is killed as soon as the first result is there."""
    here, there, signals = tmp_path / "here.json", tmp_path / "there.json", tmp_path / "signals"
    videos = [*folder, tmp_path / "d.mp4", tmp_path / "broken.mp4"]
    shutil.copy(folder[0], videos[3])
    videos[-1].write_bytes(b"no video")
    run = start("analyze", *videos, "--cluster", cluster.address, "--json", there, "--signal", signals)
    killer = threading.Timer(300, run.kill)
    killer.start()
    try:
        for _ in run.stdout or ():
            break
        cluster.workers[0].send_signal(signal.SIGKILL)
        _, err = run.communicate()
    finally:
        killer.cancel()
        run.kill()
    assert run.returncode == 1
    assert "broken.mp4 cannot be read as a video" in err
    assert cli("analyze", *videos[:-1], "--json", here).code == 0
    assert json.loads(there.read_text()) == json.loads(here.read_text())
    assert sorted(path.stem for path in signals.iterdir()) == ["a", "b", "c", "d"]
    again = cli("analyze", *videos[:-1], "--cluster", cluster.address, "--json", there, "--resume")
    assert again.err.count("done before") == 4
