"""The pose model file: found, or built once from a package of the registry that pip is configured for."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from repcount import addresses
from repcount.errors import ModelError
from repcount.files import is_special

VARIABLE = "REPCOUNT_MODEL"
"""Environment variable that names a model file."""
FILE_NAME = "pose_landmarker_full.task"

_WHEEL = "mediapipe==0.10.21"
_WHEEL_SHA256 = "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
_PYTHON = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"]
_PLATFORM = ["--platform", "manylinux_2_28_x86_64"]
"""The one wheel whose hash is known; the model files are the same in those for other systems."""

_WHEEL_DETECTOR = "mediapipe/modules/pose_detection/pose_detection.tflite"
_DETECTOR_SHA256 = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
_WHEEL_LANDMARKER = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
_LANDMARKER_SHA256 = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
"""Both hashes are those in MediaPipe's own build files."""

_BUNDLE_SHA256 = {
    "40e49f53459f19379bd3efa665228a8146d4f12b67a9f99bc411da95d93c4ae7",  # packed by flatbuffers 25.12.19
    "8df21ffb76602dab800087d5f73c4a76294f8221b762271b677c18bcd3fce3c0",  # packed by flatbuffers 25.9.23
}
"""Hashes of what `build_task_bundle` makes of the two, for each flatbuffers that repcount and MediaPipe allow. Kept
here and not beside the file, they also reveal a file that was exchanged or made by an older repcount. Hashing 10 MB
takes 10 ms."""

_EXCHANGED = f"a model file in {_WHEEL} is not the one that was published"
_REPACKED = (
    "the pose model that was prepared is not the one that this repcount was tried with: "
    "install repcount anew with the flatbuffers it asks for"
)

_CUT_OFF = ("incomplete-download", "IncompleteRead", "ProtocolError", "Connection broken", "ended prematurely")
"""What pip says where a download ends early. From pip 25.1 on also where the number of its bytes was announced; before
that, and where it was not, the hash alone tells that something is missing."""

_WAIT_S = 600
"""Longest wait for the download, and for another process that prepares the model; enough for 36 MB at 0.5 Mbit/s."""

_MISSING = "there is no such file"
_ALTERNATIVE = f"Or name a model file with --model or ${VARIABLE}"

Notify = Callable[[str], None]
"""Called with a line about progress, for people."""


def cached_model_path() -> Path:
    """Path of the prepared model in the user's cache."""
    import platformdirs

    return platformdirs.user_cache_path("repcount") / FILE_NAME


def locate(given: Path | None = None) -> tuple[Path, str]:
    """The file to use, which need not exist yet, and what chose it: `--model`, the environment variable or `cache`."""
    if given is not None:
        return given, "--model"
    if os.environ.get(VARIABLE):
        # An address is no file, and its password is not to be seen in any message about it.
        return Path(addresses.shown(os.environ[VARIABLE])), f"${VARIABLE}"
    return cached_model_path(), "cache"


def ensure_model(given: Path | None = None, notify: Notify = lambda _: None) -> Path:
    """Path of a usable model file, prepared in the cache first if necessary. Raises ModelError.

    The file in the cache must be the one that repcount builds, byte for byte. A file that the user names must be a
    valid bundle; its hash is not known.
    """
    path, chosen_by = locate(given)
    defect = _defect(path, chosen_by)
    if defect is None:
        return path
    if chosen_by == "cache":
        return install(notify)
    raise ModelError(f"the pose model {path} ({chosen_by}) cannot be used: {defect}")


def fingerprint(path: Path) -> str:
    """The SHA-256 of a model file, which says with which model a result was made. Raises ModelError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read the pose model {path}: {error.strerror}") from error


def build_unmodified() -> bytes:
    """The bundle with the segmentation mask, to compare results with. Raises ModelError."""
    return _fetch(mask=True)


def status() -> tuple[Path, str, str]:
    """The file that would be used, what chose it, and `ready` or what to do, for people."""
    path, chosen_by = locate()
    defect = _defect(path, chosen_by)
    if defect is None:
        return path, chosen_by, "ready"
    if chosen_by == "cache":
        state = "not there yet" if defect == _MISSING else defect
        return path, chosen_by, f"{state}: repcount model --install prepares it, or the next video does"
    return path, chosen_by, f"not usable: {defect}"


def install(notify: Notify = lambda _: None) -> Path:
    """Prepare the model in the cache unless it is there already, and return its path. Raises ModelError."""
    import filelock

    target = cached_model_path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_suffix(".lock"), timeout=_WAIT_S):
            if _defect(target, "cache") is not None:
                _prepare(target, notify)
    except filelock.Timeout:
        raise ModelError(f"another repcount has been preparing the pose model for {_WAIT_S // 60} minutes") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"cannot keep the pose model in {target.parent}: {reason}. {_ALTERNATIVE}") from error
    return target


def _defect(path: Path, chosen_by: str) -> str | None:
    """Why the file cannot be used, for people; None if it can."""
    try:
        if is_special(path):  # a pipe would be waited for
            return "it is a device or a pipe"
        with path.open("rb") as file:
            if chosen_by == "cache":
                known = hashlib.file_digest(file, "sha256").hexdigest() in _BUNDLE_SHA256
                return None if known else "damaged, or made by another version of repcount"
            return None if is_valid_bundle(file) else "it is no pose model bundle (.task), or it is damaged"
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return error.strerror or str(error)


def _prepare(target: Path, notify: Notify) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".preparing-", delete=False) as file:
        try:
            notify("Preparing the pose model, once: 36 MB from the package registry ...")
            file.write(_verified(_fetch(), _BUNDLE_SHA256, _REPACKED))
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
                detector = _verified(archive.read(_WHEEL_DETECTOR), {_DETECTOR_SHA256}, _EXCHANGED)
                landmarker = _verified(archive.read(_WHEEL_LANDMARKER), {_LANDMARKER_SHA256}, _EXCHANGED)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ModelError(f"the downloaded package is damaged: {error}. Try again. {_ALTERNATIVE}") from error
    return build_task_bundle(detector, landmarker, mask=mask)


def _verified(content: bytes, sha256: set[str], complaint: str) -> bytes:
    if hashlib.sha256(content).hexdigest() not in sha256:
        raise ModelError(f"{complaint}; it is not used. {_ALTERNATIVE}")
    return content


def _download(folder: Path) -> Path:
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{_WHEEL} --hash=sha256:{_WHEEL_SHA256}\n", encoding="utf-8")
    options = ["--quiet", "--no-input", "--no-deps", "--require-hashes", "--only-binary=:all:", *_PYTHON, *_PLATFORM]
    command = [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(requirement)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=_WAIT_S
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"the pose model was not downloaded in {_WAIT_S // 60} minutes. Try again. {_ALTERNATIVE}"
        ) from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ModelError(_pip_failure(done.stderr))
    return wheels[0]


def _pip_failure(stderr: str) -> str:
    if "No module named pip" in stderr:
        return f"pip is needed to fetch the pose model and is not installed here. {_ALTERNATIVE}"
    if "DO NOT MATCH THE HASHES" in stderr:
        return (
            f"the registry's {_WHEEL} is not the package that was published; it is not used. "
            f"If its download may have been cut off, try again. {_ALTERNATIVE}"
        )
    if any(sign in stderr for sign in _CUT_OFF):
        return f"the download of the pose model was cut off before its end. Try again. {_ALTERNATIVE}"
    # Plain lines, and the boxes of newer versions of pip.
    errors = re.findall(r"^(?:ERROR: |[×x] |╰─> |\+-> )(.+)", stderr, re.MULTILINE)
    reason = errors[-1].removesuffix(".") if errors else "pip did not say why"
    return f"cannot fetch the pose model ({reason}). Is there a network? Later runs need none. {_ALTERNATIVE}"


# --- the bundle -------------------------------------------------------------------------------------------

DETECTOR = "pose_detector.tflite"
LANDMARKER = "pose_landmarks_detector.tflite"

_NORMALISATION = {DETECTOR: (127.5, 127.5), LANDMARKER: (0.0, 255.0)}
"""Mean and standard deviation of the pixel values for each model, from MediaPipe's own pose graphs
(`pose_detection_cpu.pbtxt` maps pixels to -1..1, `pose_landmark_by_roi_cpu.pbtxt` to 0..1)."""

_MASK_SHAPE = (1, 256, 256, 1)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
"""Time and system stated in the archive: fixed, so that equal input gives equal bytes on every platform."""


def build_task_bundle(detector: bytes, landmarker: bytes, *, mask: bool = False) -> bytes:
    """Bundle (`.task`) of MediaPipe's `pose_detection.tflite` and `pose_landmark_full.tflite`.

    Without `mask` the segmentation mask is a constant and takes no time to compute.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for name, model in ((DETECTOR, detector), (LANDMARKER, landmarker)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            bundle.writestr(entry, _with_metadata(model, *_NORMALISATION[name], mask=mask))
    return target.getvalue()


def is_valid_bundle(content: Any) -> bool:
    """Whether a file (path or binary file object) is a bundle of both models with correct checksums."""
    try:
        with zipfile.ZipFile(content) as bundle:
            return {DETECTOR, LANDMARKER} <= set(bundle.namelist()) and bundle.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return False  # damaged archives raise any of these


def _with_metadata(content: bytes, mean: float, std: float, *, mask: bool) -> bytes:
    """The TFLite model `content` with the metadata that MediaPipe Tasks require."""
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    if not mask:
        _blank_mask(model)
    buffer = schema.BufferT()
    buffer.data = list(_metadata(len(model.subgraphs[0].outputs), mean, std))
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _blank_mask(model: Any) -> None:
    """Replace the segmentation mask by zeros and remove the operators that only it needs."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    graph = model.subgraphs[0]
    masks = [output for output in graph.outputs if tuple(graph.tensors[output].shape) == _MASK_SHAPE]
    needed = {output for output in graph.outputs if output not in masks}
    kept = []
    for operator in reversed(graph.operators):  # in topological order
        if needed & set(operator.outputs):
            needed |= set(operator.inputs)
            kept.append(operator)
    graph.operators = kept[::-1]
    for output in masks:
        blank = schema.BufferT()
        blank.data = bytes(4 * math.prod(_MASK_SHAPE))
        graph.tensors[output].buffer = len(model.buffers)
        model.buffers.append(blank)


def _metadata(outputs: int, mean: float, std: float) -> bytes:
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [_image_input(schema, mean, std)]
    graph.outputTensorMetadata = [schema.TensorMetadataT() for _ in range(outputs)]
    model = schema.ModelMetadataT()
    model.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())


def _image_input(schema: Any, mean: float, std: float) -> Any:
    options = schema.NormalizationOptionsT()
    options.mean, options.std = [mean], [std]
    unit = schema.ProcessUnitT()
    unit.optionsType, unit.options = schema.ProcessUnitOptions.NormalizationOptions, options
    image = schema.ImagePropertiesT()
    image.colorSpace = schema.ColorSpaceType.RGB
    content = schema.ContentT()
    content.contentPropertiesType, content.contentProperties = schema.ContentProperties.ImageProperties, image
    tensor = schema.TensorMetadataT()
    tensor.name, tensor.content, tensor.processUnits = "image", content, [unit]
    return tensor
