"""What is said of libraries that do not load."""

from __future__ import annotations

import pytest

from repcount.libraries import import_failure, library_error
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
