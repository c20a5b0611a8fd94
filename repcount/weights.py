"""Finds the pose model, or prepares it once from the package registry that pip is configured for.

Google publishes no package with the model for the MediaPipe release used here; the last one with the model
files inside is `mediapipe` 0.10.21. It is downloaded, not installed, and its hash checked. So is the hash of what is
made of it, each time before it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from repcount import bundle
from repcount.errors import ModelError

VARIABLE = "REPCOUNT_MODEL"
FILE_NAME = "pose_landmarker_full.task"

_WHEEL = "mediapipe==0.10.21"
_WHEEL_SHA256 = "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
_TARGET = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"]
_PLATFORM = ["--platform", "manylinux_2_28_x86_64"]
"""The one wheel whose hash is known; the model files in it are the same for every system."""

_DETECTOR = "mediapipe/modules/pose_detection/pose_detection.tflite"
_DETECTOR_SHA256 = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
_LANDMARKER = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
_LANDMARKER_SHA256 = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
"""Both as in MediaPipe's own build files."""

_BUNDLE_SHA256 = {
    "40e49f53459f19379bd3efa665228a8146d4f12b67a9f99bc411da95d93c4ae7",  # packed by flatbuffers 25.12.19
    "8df21ffb76602dab800087d5f73c4a76294f8221b762271b677c18bcd3fce3c0",  # packed by flatbuffers 25.9.23
}
"""What `bundle` makes of the two, for each flatbuffers that repcount and MediaPipe allow. Written here and not beside
the file, it also tells when the file was exchanged or made by an older repcount. Hashing 10 MB takes 10 ms."""

_EXCHANGED = f"a model file in {_WHEEL} is not the one that was published"
_REPACKED = (
    "the pose model that was prepared is not the one that this repcount was tried with: "
    "install repcount anew with the flatbuffers it asks for"
)

_WAIT_S = 600
"""How long one process waits for another that is preparing the model (a slow line downloads 36 MB in that)."""

_MISSING = "there is no such file"
_OTHERWISE = f"Or name a model file with --model or ${VARIABLE}"

Notify = Callable[[str], None]


def cached_model_path() -> Path:
    """Where the prepared model is kept."""
    import platformdirs

    return platformdirs.user_cache_path("repcount") / FILE_NAME


def locate(given: Path | None = None) -> tuple[Path, str]:
    """The file to use and who chose it: `--model`, the variable or the cache. It need not be there yet."""
    if given is not None:
        return given, "--model"
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]), f"${VARIABLE}"
    return cached_model_path(), "cache"


def ensure_model(given: Path | None = None, notify: Notify = lambda _: None) -> Path:
    """A model file to rely on, prepared first if it is not there.

    The one in the cache is the one that repcount makes, byte for byte. Of one that somebody names no hash is known;
    it has to be whole. `notify` is told in a line what is going on. Raises ModelError.
    """
    path, chosen_by = locate(given)
    wrong = _wrong(path, chosen_by)
    if wrong is None:
        return path
    if chosen_by == "cache":
        return install(notify)
    raise ModelError(f"the pose model {path} ({chosen_by}) cannot be used: {wrong}")


def build_unmodified() -> bytes:
    """The bundle with all that the published model gives, to compare with. Raises ModelError."""
    return _fetch(mask=True)


def status() -> tuple[Path, str, str]:
    """The file that would be used, who chose it, and whether it is ready or what to do."""
    path, chosen_by = locate()
    wrong = _wrong(path, chosen_by)
    if wrong is None:
        return path, chosen_by, "ready"
    if chosen_by == "cache":
        state = "not there yet" if wrong == _MISSING else wrong
        return path, chosen_by, f"{state}: repcount model --install prepares it, or the next video does"
    return path, chosen_by, f"not usable: {wrong}"


def install(notify: Notify = lambda _: None) -> Path:
    """Prepare the model in the cache, unless it is there already. Raises ModelError."""
    import filelock

    target = cached_model_path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_suffix(".lock"), timeout=_WAIT_S):
            if _wrong(target, "cache") is not None:
                _prepare(target, notify)
    except filelock.Timeout:
        raise ModelError(f"another repcount has been preparing the pose model for {_WAIT_S // 60} minutes") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"cannot keep the pose model in {target.parent}: {reason}. {_OTHERWISE}") from error
    return target


def _wrong(path: Path, chosen_by: str) -> str | None:
    """Why the file cannot be used; None where it can."""
    try:
        with path.open("rb") as file:
            if chosen_by == "cache":
                ours = hashlib.file_digest(file, "sha256").hexdigest() in _BUNDLE_SHA256
                return None if ours else "damaged, or made by another version of repcount"
            return None if bundle.is_valid_bundle(file) else "it is no pose model bundle (.task), or it is damaged"
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return error.strerror or str(error)


def _prepare(target: Path, notify: Notify) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".preparing-", delete=False) as file:
        try:
            notify("Preparing the pose model, once: 36 MB from the package registry ...")
            file.write(_checked(_fetch(), _BUNDLE_SHA256, _REPACKED))
            file.close()
            os.replace(file.name, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                file.close()
                os.unlink(file.name)
    notify(f"The pose model is ready: {target}")


def _fetch(*, mask: bool = False) -> bytes:
    with tempfile.TemporaryDirectory(prefix="repcount-") as folder:
        wheel = _download(Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive:
                detector = _checked(archive.read(_DETECTOR), {_DETECTOR_SHA256}, _EXCHANGED)
                landmarker = _checked(archive.read(_LANDMARKER), {_LANDMARKER_SHA256}, _EXCHANGED)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ModelError(f"the downloaded package is damaged: {error}. Try again. {_OTHERWISE}") from error
    return bundle.build_task_bundle(detector, landmarker, mask=mask)


def _checked(content: bytes, sha256: set[str], otherwise: str) -> bytes:
    if hashlib.sha256(content).hexdigest() not in sha256:
        raise ModelError(f"{otherwise}; it is not used. {_OTHERWISE}")
    return content


def _download(folder: Path) -> Path:
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{_WHEEL} --hash=sha256:{_WHEEL_SHA256}\n", encoding="utf-8")
    options = ["--quiet", "--no-input", "--no-deps", "--require-hashes", "--only-binary=:all:", *_TARGET, *_PLATFORM]
    command = [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(requirement)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ModelError(_why(done.stderr))
    return wheels[0]


def _why(complaint: str) -> str:
    if "No module named pip" in complaint:
        return f"pip is needed to fetch the pose model and is not installed here. {_OTHERWISE}"
    if "DO NOT MATCH THE HASHES" in complaint:
        return f"the registry's {_WHEEL} is not the package that was published; it is not used. {_OTHERWISE}"
    lines = [line for line in complaint.splitlines() if line.startswith("ERROR")]
    last = lines[-1].removeprefix("ERROR: ") if lines else "pip did not say why"
    return f"cannot fetch the pose model ({last}). Is there a network? Later runs need none. {_OTHERWISE}"
