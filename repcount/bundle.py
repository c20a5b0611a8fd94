"""Two bare model files → one `.task` bundle that the Tasks API accepts.

The Tasks API refuses a TensorFlow Lite model without metadata that says how pixels become numbers. The
files inside the older MediaPipe wheel carry none (the older API had those numbers in its graphs), so it is
added here with the schema that every MediaPipe wheel brings along.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

DETECTOR = "pose_detector.tflite"
LANDMARKER = "pose_landmarks_detector.tflite"

NORMALISATION = {DETECTOR: (127.5, 127.5), LANDMARKER: (0.0, 255.0)}
"""Mean and standard deviation of a pixel value for each model, as in MediaPipe's own pose graphs
(`pose_detection_cpu.pbtxt` maps pixels to -1..1, `pose_landmark_by_roi_cpu.pbtxt` to 0..1)."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time stamp, so that equal input gives equal bytes


def build(detector: bytes, landmarker: bytes) -> bytes:
    """The bundle made of MediaPipe's `pose_detection.tflite` and `pose_landmark_full.tflite`."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for name, model in ((DETECTOR, detector), (LANDMARKER, landmarker)):
            bundle.writestr(zipfile.ZipInfo(name, _EPOCH), _with_metadata(model, *NORMALISATION[name]))
    return target.getvalue()


def is_whole(content: Any) -> bool:
    """Whether a file (path or binary file object) is a bundle with both models, their checksums right."""
    try:
        with zipfile.ZipFile(content) as bundle:
            return {DETECTOR, LANDMARKER} <= set(bundle.namelist()) and bundle.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return False  # all of these come from damaged archives


def _with_metadata(content: bytes, mean: float, std: float) -> bytes:
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    buffer = schema.BufferT()
    buffer.data = list(_metadata(len(model.subgraphs[0].outputs), mean, std))
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


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
