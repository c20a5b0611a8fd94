"""Two bare model files → one `.task` bundle that the Tasks API accepts.

The Tasks API refuses a TensorFlow Lite model without metadata that says how pixels become numbers. The
files inside the older MediaPipe wheel carry none (the older API had those numbers in its graphs), so it is
added here with the schema that every MediaPipe wheel brings along.

The landmark model also paints a mask of the person, in the size of its input. Nobody here looks at it, so the steps
that lead to nothing else are left out: landmarks stay the same to the last bit, in 7 ms a frame instead of 12.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import Any

DETECTOR = "pose_detector.tflite"
LANDMARKER = "pose_landmarks_detector.tflite"

NORMALISATION = {DETECTOR: (127.5, 127.5), LANDMARKER: (0.0, 255.0)}
"""Mean and standard deviation of a pixel value for each model, as in MediaPipe's own pose graphs
(`pose_detection_cpu.pbtxt` maps pixels to -1..1, `pose_landmark_by_roi_cpu.pbtxt` to 0..1)."""

_MASK_SHAPE = (1, 256, 256, 1)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
"""The same time and system in every archive: equal input gives equal bytes, on Windows, too."""


def build_task_bundle(detector: bytes, landmarker: bytes, *, mask: bool = False) -> bytes:
    """The bundle made of MediaPipe's `pose_detection.tflite` and `pose_landmark_full.tflite`.

    Without `mask` the mask of the person is blank and takes no time.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for name, model in ((DETECTOR, detector), (LANDMARKER, landmarker)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            bundle.writestr(entry, _prepared(model, *NORMALISATION[name], mask=mask))
    return target.getvalue()


def is_valid_bundle(content: Any) -> bool:
    """Whether a file (path or binary file object) is a bundle with both models, their checksums right."""
    try:
        with zipfile.ZipFile(content) as bundle:
            return {DETECTOR, LANDMARKER} <= set(bundle.namelist()) and bundle.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return False  # all of these come from damaged archives


def _prepared(content: bytes, mean: float, std: float, *, mask: bool) -> bytes:
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
    """Make the mask a constant and leave out the steps that only it needs."""
    from mediapipe.tasks.metadata import schema_py_generated as schema

    graph = model.subgraphs[0]
    masks = [output for output in graph.outputs if tuple(graph.tensors[output].shape) == _MASK_SHAPE]
    needed = {output for output in graph.outputs if output not in masks}
    kept = []
    for step in reversed(graph.operators):  # each comes after those whose results it takes
        if needed & set(step.outputs):
            needed |= set(step.inputs)
            kept.append(step)
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
