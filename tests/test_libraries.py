"""What is said of libraries that do not load."""

from __future__ import annotations

import pytest

from repcount.errors import LibraryError
from repcount.libraries import check_room, import_failure, library_error
from repcount.video import opencv


@pytest.mark.parametrize(
    "error",
    [
        ImportError("/packages/cv2.abi3.so: failed to map segment from shared object"),
        OSError("libmediapipe.so: cannot allocate memory in static TLS block"),
        RuntimeError("can't start new thread"),
        MemoryError(),
    ],
)
def test_a_library_that_does_not_fit_into_memory_is_not_to_be_installed_again(error: Exception) -> None:
    for message in (library_error("mediapipe", error), import_failure(error), opencv._import_failure(error)):
        assert "not enough memory" in str(message)
        assert "pip install" not in str(message)


def test_room_that_no_address_space_has_is_told_before_a_library_needs_it() -> None:
    check_room("mediapipe", threads=2, room_bytes=1 << 20)
    with pytest.raises(LibraryError, match="there is not enough memory for mediapipe"):
        check_room("mediapipe", room_bytes=1 << 62)
