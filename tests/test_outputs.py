"""Result files appear whole or not at all, and only where a file belongs."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from repcount.errors import OutputError
from repcount.outputs import STDOUT, TextOutput, check_distinct


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
    output = TextOutput(path, io.StringIO())
    output.file.write("new")
    with pytest.raises(KeyboardInterrupt), output:
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_no_longer_wanted_leaves_nothing(tmp_path: Path) -> None:
    with TextOutput(tmp_path / "signal.csv", io.StringIO()) as output:
        output.file.write("half")
        output.wanted = False
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_full_disk_is_told() -> None:
    output = TextOutput(Path("/dev/full"), io.StringIO())
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"), output:
        output.file.write("reps")


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
