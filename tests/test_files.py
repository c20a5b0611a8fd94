"""Result files appear whole or not at all, and only where a file belongs."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from repcount import interrupts, pipes
from repcount.app.console import ConsoleReporter
from repcount.errors import OutputError, SignalError
from repcount.files import STDOUT, AtomicFile, OutputSet, TextOutput, check_distinct
from repcount.formats import read_signal
from repcount.interrupts import SIGNALS
from repcount.types import Frame
from repcount.video.writer import BackgroundVideoWriter, VideoWriter


def test_a_file_appears_on_success_only(tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    with TextOutput(path, io.StringIO()) as output:
        output.file.write("a\r\né\n")
        assert not path.exists()
    assert path.read_bytes() == b"a\r\n\xc3\xa9\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    path.write_text("old", encoding="utf-8")
    output = TextOutput(path, io.StringIO(), force=True)
    output.file.write("new")
    with pytest.raises(KeyboardInterrupt), output:
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_no_longer_wanted_leaves_nothing(tmp_path: Path) -> None:
    with TextOutput(tmp_path / "signal.csv", io.StringIO()) as output:
        output.file.write("half")
        output.keep = False
    assert list(tmp_path.iterdir()) == []


def test_a_file_gets_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with TextOutput(tmp_path / "reps.csv", io.StringIO()):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "reps.csv").stat().st_mode) == 0o640


def test_a_link_goes_on_pointing_where_it_did(tmp_path: Path) -> None:
    target, link = tmp_path / "far" / "reps.csv", tmp_path / "reps.csv"
    target.parent.mkdir()
    link.symlink_to(target)
    with TextOutput(link, io.StringIO()) as output:
        output.file.write("reps")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "reps"


@pytest.mark.parametrize("there", [True, False])
def test_force_overwrites_nothing_through_a_link(there: bool, tmp_path: Path) -> None:
    """In a folder that others write to, anybody may have put it under a name that is foreseeable."""
    target, link = tmp_path / "target", tmp_path / "out.mp4"
    if there:
        target.write_text("somebody else's", encoding="utf-8")
    link.symlink_to(target)
    for kind in OPENED:
        with pytest.raises(OutputError, match=r"out\.mp4 is a link, and --force overwrites nothing through one"):
            OPENED[kind](link, True)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "target"][: 1 + there]
    assert not there or target.read_text(encoding="utf-8") == "somebody else's"


def test_a_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    """`--csv >(gzip > reps.csv.gz)` and, worse, an administrator's `--csv /dev/null`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with TextOutput(pipe, io.StringIO()) as output:
            output.file.write("reps")
        assert os.read(reader, 100) == b"reps"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_pipe_that_nobody_reads_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PATIENCE_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=r"pipe: it is a pipe, and nobody began to read it in 0\.1 s"):
        TextOutput(tmp_path / "pipe", io.StringIO())


def test_a_pipe_is_read_as_its_writer_gives_it_and_given_up_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`repcount recount <(zcat signal.csv.gz)`."""
    pipe, content = tmp_path / "pipe", b"time_s,hip_deg\n" * 1000
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with pipes.open_input(pipe) as file:
        assert file.read() == content
    writer.join()
    monkeypatch.setattr(pipes, "PATIENCE_S", 0.1)
    with pytest.raises(SignalError, match=r"pipe: it is a pipe, and nobody wrote to it in 0\.1 s"):
        list(read_signal(pipe))


def test_a_pipe_whose_reader_stops_is_given_up_and_told_once(tmp_path: Path) -> None:
    pipe, reporter = tmp_path / "pipe", ConsoleReporter(io.StringIO(), io.StringIO())
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with OutputSet([pipe, tmp_path / "reps.csv"], reporter, patience_s=0.1) as out:
            for path in (pipe, tmp_path / "reps.csv"):
                out.write(path, lambda file: file.write("reps" * 50_000))
        assert os.read(reader, 100_000).startswith(b"repsreps")
    finally:
        os.close(reader)
    assert isinstance(reporter.notes, io.StringIO)
    assert reporter.notes.getvalue().count("it is a pipe, and its reader took nothing in 0.1 s") == 1
    assert reporter.failed == [pipe]
    assert (tmp_path / "reps.csv").stat().st_size == 200_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows waits for the reader of a pipe")
def test_a_standard_stream_is_dropped_once_a_signal_has_ended_the_wait_for_its_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr(interrupts, "_received", [signal.SIGINT])
    stream = pipes.open_standard(writer)
    assert stream is not None
    with stream, pytest.raises(TimeoutError, match=r"its reader took nothing$"):
        stream.write(bytes(200_000))
    stream.close()  # it writes what is left
    os.close(writer)
    with os.fdopen(reader, "rb") as rest:
        assert 0 < len(rest.read()) < 200_000


@pytest.mark.skipif(sys.platform != "linux", reason="how much is in a pipe is known on Linux")
def test_an_empty_pipe_takes_a_text_in_one_piece() -> None:
    """Or `repcount --help | grep -q Usage` fails, for grep has gone before the rest is written."""
    reader, writer = os.pipe()
    stream = pipes.open_standard(writer)
    assert isinstance(stream, io.BufferedWriter)
    with stream:
        assert [stream.raw.write(bytes(size)) for size in (8192, 8192)] == [8192, 512]
    os.close(reader)
    os.close(writer)


def test_what_is_no_pipe_is_no_stream_to_be_patient_with(tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("wb") as file:
        assert pipes.open_standard(file.fileno()) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_full_disk_is_told() -> None:
    output = TextOutput(Path("/dev/full"), io.StringIO())
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"), output:
        output.file.write("reps")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_file_that_fails_costs_no_other_one(tmp_path: Path) -> None:
    reporter = ConsoleReporter(io.StringIO(), io.StringIO())
    with OutputSet([Path("/dev/full"), tmp_path / "reps.csv"], reporter) as out:
        for path in (Path("/dev/full"), tmp_path / "reps.csv"):
            out.write(path, lambda file: file.write("reps"))
    assert (tmp_path / "reps.csv").read_text(encoding="utf-8") == "reps"
    assert reporter.failed == [Path("/dev/full")]


# --- what is there already ----------------------------------------------------------------------------------

OPENED: dict[str, Callable[[Path, bool], AbstractContextManager[object]]] = {
    "text": lambda path, force: TextOutput(path, io.StringIO(), force=force),
    "texts": lambda path, force: OutputSet([path], ConsoleReporter(io.StringIO(), io.StringIO()), force=force),
    "film": lambda path, force: VideoWriter(path, force=force),
    "recording": lambda path, force: BackgroundVideoWriter(path, force=force),
}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_files_get_their_names_costs_none(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = AtomicFile.publish

    def hit(hidden: AtomicFile) -> None:
        if hidden.final.name == "0.csv":
            signal.raise_signal(number)
        publish(hidden)

    monkeypatch.setattr(AtomicFile, "publish", hit)
    before = signal.signal(number, signal.default_int_handler)
    paths = [tmp_path / f"{place}.csv" for place in range(3)]
    try:
        with OutputSet(paths, ConsoleReporter(io.StringIO(), io.StringIO())) as out:
            for path in paths:
                out.write(path, lambda file: file.write("a"))
    finally:
        signal.signal(number, before)
    assert sorted(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("kind", OPENED)
def test_what_is_there_is_replaced_by_force_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match=r"out\.mp4 is there already: give another name, or --force to overwrite it"):
        OPENED[kind](path, False)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(KeyboardInterrupt), OPENED[kind](path, True):
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old", "it stays until the new one is whole"


def test_by_force_the_new_one_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    path.write_text("old", encoding="utf-8")
    with TextOutput(path, io.StringIO(), force=True) as output:
        output.file.write("new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a memory card, whose file system (FAT) knows none."""

    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.parametrize("links", [True, False])
def test_what_comes_meanwhile_is_not_replaced(links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not links:
        without_links(monkeypatch)
    path = tmp_path / "reps.csv"
    output = TextOutput(path, io.StringIO())
    path.write_text("somebody else's", encoding="utf-8")
    with pytest.raises(OutputError, match="is there already"), output:
        output.file.write("mine")
    assert path.read_text(encoding="utf-8") == "somebody else's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_without_links_takes_files_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_links(monkeypatch)
    with TextOutput(tmp_path / "reps.csv", io.StringIO()) as output:
        output.file.write("reps")
    assert (tmp_path / "reps.csv").read_text(encoding="utf-8") == "reps"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_film_takes_no_device_s_place(tmp_path: Path) -> None:
    """An administrator's link to /dev/null would otherwise become the end of /dev/null."""
    pipe, link = tmp_path / "pipe", tmp_path / "film.mp4"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with pytest.raises(OutputError, match="it is a device or a pipe"):
        VideoWriter(link, force=True)
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["x" * 255, "\N{LEG}" * 62, "-", "--force", "a\nb", "=1+1"])
def test_any_name_that_a_disk_takes(name: str, tmp_path: Path) -> None:
    with AtomicFile(tmp_path / name):
        assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    check_distinct([tmp_path / "a"], [tmp_path / "c"])
    with pytest.raises(OutputError, match="a: it is a link that leads in a circle"):
        TextOutput(tmp_path / "a", io.StringIO())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_folder_that_a_link_leads_to_is_named_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "gone" / "b")
    with pytest.raises(OutputError, match=r"a: there is no folder .*/gone$"):
        TextOutput(tmp_path / "a", io.StringIO())


@pytest.mark.parametrize(
    "address", ["http://me:s3cret@camera.example/video", "me:s3cret@camera.example", "rtsp:s3cret"]
)
def test_no_address_becomes_a_file(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in (lambda: TextOutput(Path(address), io.StringIO()), lambda: VideoWriter(Path(address))):
        with pytest.raises(OutputError, match="it looks like an address") as error:
            kind()
        assert "s3cret" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
    with AtomicFile(tmp_path / "12:30@gym"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["12:30@gym"], "by its whole path it is a file"


# --- whose it is --------------------------------------------------------------------------------------------


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(("private", "mask", "mode"), [(True, 0, 0o600), (True, 0o077, 0o600), (False, 0, 0o666)])
def test_what_is_private_is_its_owner_s_from_the_first_byte(
    private: bool, mask: int, mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "reps.csv"
    with umask(mask), TextOutput(path, io.StringIO(), private=private) as output:
        (hidden,) = tmp_path.iterdir()
        assert stat.S_IMODE(hidden.stat().st_mode) == mode
        output.file.write("reps")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_recording_is_its_owner_s_also_in_the_place_of_one_that_was_not(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.touch()
    path.chmod(0o644)
    with umask(0), BackgroundVideoWriter(path, force=True) as recording:
        picture = np.zeros((120, 160, 3), np.uint8)
        recording.write(Frame(0.0, picture))
    assert recording.trouble is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everything")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    path.touch(mode=0o400)
    with pytest.raises(OutputError, match="Permission denied"):
        TextOutput(path, io.StringIO())


def test_standard_output_stays_open_and_is_data(tmp_path: Path) -> None:
    """UTF-8 and line ends as written, whatever the terminal's habits are."""
    content = io.BytesIO()
    stdout = io.TextIOWrapper(content, encoding="ascii", newline="\r\n")
    with TextOutput(STDOUT, stdout) as output:
        output.file.write("é\n")
    stdout.flush()
    assert content.getvalue() == b"\xc3\xa9\n"


def test_outputs_are_compared_by_the_file_not_by_the_name(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "reps.csv")
    with pytest.raises(OutputError, match=r"link\.csv is named for two outputs"):
        check_distinct([tmp_path / "reps.csv", tmp_path / "link.csv"], [])
    check_distinct([tmp_path / "a.csv", tmp_path / "b.csv", STDOUT], [tmp_path / "c.mp4"])
