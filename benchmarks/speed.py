#!/usr/bin/env python3
"""How fast recorded videos are counted, beside the usual loop and beside what is possible at all.

  plain     every frame is decoded, given to one pose landmarker that follows the person, and then counted, with the
            pose model as it is published
  slim      with --slim: the same with the model that repcount prepares, which leaves out the mask of the person
  repcount  `repcount.analyze`, as a worker of the command `repcount analyze` runs it
  limit     the least time for what repcount measures: all is decoded and looked at, and each measured frame takes
            one inference; spread evenly over the cores, but no less than the time of decoding. It is printed for
            inferences as they are when every core does nothing else, and for one that has the machine for itself,
            which is quicker, for cores share memory, cache and heat
  decode    every frame is decoded on all cores, and nothing is done with it

Each run has a process of its own, so that its peak memory is known; they take turns. The seconds
are those of the analysis, from opening the video and loading the model to the result; to start Python and load the
libraries takes both the same time and is not in them. Errors are against the known truth, medians over all full
reps, start / top / end. The videos are made of the samples that come along:

  set        66 s at 30 frames a second: three samples one after another, one of them mirrored
  recording  10 minutes: four times that set, each followed by 84 s in which the person lies still, which is the
             last frame; over all of it noise that changes from frame to frame
  large      20 s of the set as phones write it: 1920 by 1080 in H.264 at 8 Mbit/s, with and without frames to which no
             other refers, and 3840 by 2160 in HEVC at 24 Mbit/s; beside them 640 by 360, for the memory
  hour       with --memory: 60 minutes of 1920 by 1080, once, and the first minute of it; repcount alone
  demo       the whole of `repcount demo`, from the start of Python to its end
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import av
import imageio_ffmpeg

from repcount import Analysis, Config, count, formats, pipeline
from repcount.app import workers
from repcount.pose import angles, parallel
from repcount.pose import landmarker as pose_landmarker
from repcount.pose import model as pose_model
from repcount.types import Frame, Sample
from repcount.video import reader

SAMPLES = Path(__file__).parents[1] / "sample_videos"
PARTS = {"07_fast_reps": "null", "02_side_man_shorts": "null", "09_partial_and_full": "hflip"}
"""The samples and what FFmpeg does with each; mirrored, so that the head lies on the same side in all: where a film
cuts to somebody lying the other way round, both loops take some seconds to see it, neither the same."""

MOMENTS = ("start", "top", "end")

_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "8M", "-maxrate", "8M", "-bufsize", "16M"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-b:v", "24M", "-tag:v", "hvc1", "-x265-params", "log-level=error"]
LARGE = {
    "small": ("640:360", ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]),
    "hd": ("1920:1080", _H264),
    "hd_no_b_frames": ("1920:1080", [*_H264, "-bf", "0"]),
    "uhd": ("3840:2160", _HEVC),
}
"""Size and encoder of each. Phones and their settings differ; many write no frames to which no other refers."""

_LARGE_S = 20

_FPS = 30
_REST_S = 84
_SETS = 4
_NOISE = 4
"""Strength of FFmpeg's noise filter: up to so many grey levels either way, as of a webcam in a lit room."""

_BARE = 300
"""Inferences that are timed."""

_Measured = TypeVar("_Measured")


@dataclass(frozen=True)
class Run:
    """One analysis."""

    seconds: float
    cpu_s: float
    memory_mb: float
    video_s: float
    full: int
    partial: int
    reps: list[dict[str, Any]]

    def errors(self, truth: Sequence[dict[str, Any]]) -> list[float]:
        """Median error of start, top and end of the full reps that are in the truth."""
        pairs = [
            (rep, label)
            for label in truth
            for rep in self.reps
            if label["kind"] == "full" and rep["full"] and label["start"] < rep["top_s"] < label["end"]
        ]
        return [statistics.median(abs(rep[f"{name}_s"] - label[name]) for rep, label in pairs) for name in MOMENTS]


@dataclass(frozen=True)
class Work:
    """What repcount has to do on a video."""

    decode_s: float
    looked_at: int
    measured: int
    alone_s: float
    """One inference that has the machine for itself."""
    together_s: float
    """One when every core is busy with others."""
    cores: int
    decode_all_s: float
    """To decode every frame on all cores, and do nothing with it."""

    @property
    def limit_s(self) -> float:
        """The least time for it on this machine."""
        return self._least_s(self.together_s)

    @property
    def ideal_s(self) -> float:
        """The least time if cores did not slow each other down."""
        return self._least_s(self.alone_s)

    def _least_s(self, inference_s: float) -> float:
        return max((self.decode_s + self.measured * inference_s) / self.cores, self.decode_s)


# --- each in a process of its own --------------------------------------------------------------------------


def plain(video: Path, model: Path) -> Analysis:
    """The usual loop."""
    samples: list[Sample] = []
    with reader.open_video(video) as frames, pose_landmarker.Landmarker(model) as landmarker:
        for frame in frames.frames(float("inf")):
            people = landmarker.detect(frame)
            side = samples[-1].side if samples else ""
            samples.append(angles.compute_sample(frame.time_s, people[0] if people else None, side))
    return count(samples)


def timed(work: Callable[[], Analysis]) -> Run:
    cpu_s, start_s = time.process_time(), time.perf_counter()
    analysis = work()
    seconds, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_s
    outcome = analysis.summary
    reps = formats.document(analysis)["reps"]
    return Run(seconds, cpu_s, peak_mb(), analysis.source.duration_s, outcome.full, outcome.partial, reps)


def peak_mb() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def bare(video: Path, model: Path, rate_hz: float) -> Work:
    """Decode and look for movement with nothing else going on; then measure some frames likewise."""
    start_s = time.perf_counter()
    with reader.open_video(video, threads=1) as film:
        still = [slot.still for slot in parallel.gated(film, rate_hz)]
        decode_s = time.perf_counter() - start_s
    with reader.open_video(video) as film:
        shrink = film.info.shrink(parallel.TRACKED_LONG_SIDE_PX)
        frames = list(islice(film.frames(rate_hz, shrink), _BARE))
    alone_s = inference(frames, model)
    with ThreadPoolExecutor(pipeline.available_cores()) as pool:
        together_s = statistics.mean(pool.map(lambda _: inference(frames, model), range(pipeline.available_cores())))
    return Work(
        decode_s, len(still), still.count(False), alone_s, together_s, pipeline.available_cores(), decode_all(video)
    )


def decode_all(video: Path) -> float:
    start_s = time.perf_counter()
    with av.open(str(video)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    return time.perf_counter() - start_s


def inference(frames: Sequence[Frame], model: Path) -> float:
    """Seconds that one takes, the mean, 5 to 10 % over the median: a total is made of all, slow ones too."""
    with pose_landmarker.Landmarker(model) as landmarker:
        landmarker.detect(frames[0])
        start_s = time.perf_counter()
        for frame in frames[1:]:
            landmarker.detect(frame)
        return (time.perf_counter() - start_s) / (len(frames) - 1)


def alone(what: str, video: Path, model: Path, rate_hz: float, jobs: int | None) -> dict[str, Any]:
    """What a process of its own does; the other end of `apart`."""
    if what == "bare":
        return asdict(bare(video, model, rate_hz))
    if what in ("plain", "slim"):
        return asdict(timed(lambda: plain(video, model)))
    sys.setswitchinterval(workers.SWITCH_S)  # as in the processes of the command
    return asdict(timed(lambda: pipeline.analyze(video, Config(rate_hz=rate_hz), model=model, jobs=jobs)))


# --- the videos --------------------------------------------------------------------------------------------


def ffmpeg(*arguments: str | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def make_set(target: Path) -> Path:
    inputs = [text for part in PARTS for text in ("-i", str(SAMPLES / f"{part}.mp4"))]
    even = "".join(f"[{i}:v]fps={_FPS},setsar=1,{done}[v{i}];" for i, done in enumerate(PARTS.values()))
    joined = "".join(f"[v{i}]" for i in range(len(PARTS))) + f"concat=n={len(PARTS)}[v]"
    ffmpeg(*inputs, "-filter_complex", even + joined, "-map", "[v]", "-crf", "20", target)
    return target


def make_recording(source: Path, target: Path) -> Path:
    rest = target.with_suffix(".rest.mp4")
    ffmpeg("-i", source, "-vf", f"tpad=stop_mode=clone:stop_duration={_REST_S}", "-crf", "16", rest)
    noise = ["-vf", f"noise=alls={_NOISE}:allf=t", "-preset", "veryfast", "-crf", "23"]
    ffmpeg("-stream_loop", str(_SETS - 1), "-i", rest, "-t", "600", *noise, target)
    rest.unlink()
    return target


def make_hour(source: Path, folder: Path) -> tuple[Path, Path]:
    minute, hour = folder / "minute.mp4", folder / "hour.mp4"
    noise = ["-vf", f"scale=1920:1080,noise=alls={_NOISE}:allf=t", "-preset", "veryfast", "-crf", "23"]
    ffmpeg("-i", source, "-t", "60", *noise, minute)
    ffmpeg("-stream_loop", "59", "-i", minute, "-c", "copy", hour)
    return minute, hour


def make_large(source: Path, folder: Path, name: str) -> Path:
    size, encoder = LARGE[name]
    target = folder / f"{name}.mp4"
    if not target.exists():
        noise = f"scale={size},noise=alls={_NOISE}:allf=t"
        ffmpeg("-i", source, "-t", str(_LARGE_S), "-vf", noise, *encoder, target)
    return target


def truth(every_s: float = 0.0, times: int = 1) -> list[dict[str, Any]]:
    """The reps of the set, or of the set so many times over."""
    clips = {clip["id"]: clip for clip in json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))["clips"]}
    reps, at_s = [], 0.0
    for part in PARTS:
        reps += [{**rep, **{name: rep[name] + at_s for name in MOMENTS}} for rep in clips[part]["reps"]]
        with reader.open_video(SAMPLES / f"{part}.mp4") as film:
            at_s += round(film.info.duration_s * _FPS) / _FPS
    shifts = [n * every_s for n in range(times)]
    return [{**rep, **{name: rep[name] + shift for name in MOMENTS}} for shift in shifts for rep in reps]


# --- the comparison ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """What is common to all runs."""

    model: Path
    plain_model: Path
    rate_hz: float
    jobs: int | None
    rounds: int
    others: tuple[str, ...] = ()
    """What else takes turns with them."""

    def apart(self, what: str, video: Path) -> dict[str, Any]:
        """Run one thing in a process of its own."""
        model = self.plain_model if what == "plain" else self.model
        options = [
            "--alone",
            what,
            "--model",
            model,
            "--rate",
            self.rate_hz,
            *(["--jobs", self.jobs] if self.jobs else []),
        ]
        command = [sys.executable, __file__, *map(str, options), str(video)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    def compare(self, name: str, video: Path, labels: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """All in turns, and the limit."""
        runs: dict[str, list[Run]] = {what: [] for what in ("plain", *self.others, "repcount")}
        work: list[Work] = []
        for _ in range(self.rounds):
            for what, done in runs.items():
                done.append(Run(**self.apart(what, video)))
            work.append(Work(**self.apart("bare", video)))
        least = middle(work, lambda work: work.limit_s)
        outcome = {what: middle(done, lambda run: run.seconds) for what, done in runs.items()}
        return self._print_rows(name, outcome, least, labels)

    def _print_rows(
        self, name: str, runs: dict[str, Run], least: Work, labels: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        errors = {what: run.errors(labels) for what, run in runs.items()}
        plain, ours = runs["plain"], runs["repcount"]
        print(f"\n{name}: {ours.video_s:.0f} s of video")
        heads = (
            f"{'seconds':>8} {'x real time':>12} {'cpu s':>7} {'memory MB':>10} {'full':>5} {'partial':>8}  errors s"
        )
        print(f"{'':9} {heads}")
        for what, run in runs.items():
            row = f"{run.seconds:8.2f} {run.video_s / run.seconds:12.1f} {run.cpu_s:7.1f} {run.memory_mb:10.0f}"
            outcome = " / ".join(f"{error:.3f}" for error in errors[what])
            print(f"{what:9} {row} {run.full:5} {run.partial:8}  {outcome}")
        for what, seconds in (("limit", least.limit_s), ("ideal", least.ideal_s), ("decode", least.decode_all_s)):
            print(f"{what:9} {seconds:8.2f} {ours.video_s / seconds:12.1f}")
        print(
            f"  {least.measured} of the {least.looked_at} frames looked at are measured, "
            f"{1000 * least.together_s:.1f} ms each "
            f"({1000 * least.alone_s:.1f} alone); decoding them takes {least.decode_s:.2f} s; {least.cores} cores"
        )
        apart = [abs(one - other) for one, other in zip(errors["plain"], errors["repcount"], strict=True)]
        figures = {
            "times_plain": plain.seconds / ours.seconds,
            "times_slim": runs["slim"].seconds / ours.seconds if "slim" in runs else math.nan,
            "times_limit": ours.seconds / least.limit_s,
            "times_ideal": ours.seconds / least.ideal_s,
            "counts_agree": (plain.full, plain.partial) == (ours.full, ours.partial),
            "medians_apart_s": max(apart),
        }
        same = "the same counts" if figures["counts_agree"] else "OTHER COUNTS"
        print(
            f"  {figures['times_plain']:.1f} times as fast as the plain loop, {figures['times_limit']:.2f} times the "
            f"limit, {figures['times_ideal']:.2f} times the ideal"
        )
        print(f"  {same}, medians of the errors {figures['medians_apart_s']:.3f} s apart at most")
        if "slim" in runs:
            print(f"  {figures['times_slim']:.1f} times as fast as the plain loop with the slim model")
        return {
            "name": name,
            **figures,
            "runs": {what: asdict(run) for what, run in runs.items()},
            "work": asdict(least),
        }

    def memory(self, folder: Path, source: Path) -> dict[str, Any]:
        """The peak for an hour beside that for a minute, which varies by a tenth: the middle one of some."""
        short, long = make_hour(source, folder)
        minutes = [Run(**self.apart("repcount", short)) for _ in range(self.rounds)]
        minute = middle(minutes, lambda run: run.memory_mb)
        hour = Run(**self.apart("repcount", long))
        times = hour.memory_mb / minute.memory_mb
        print(f"\nmemory, 1920 by 1080: {minute.memory_mb:.0f} MB for a minute ({minute.seconds:.1f} s), ", end="")
        print(f"{hour.memory_mb:.0f} MB for an hour ({hour.seconds:.0f} s): {times:.2f} times")
        return {"name": "hour", "times_minute": times, "runs": {"minute": asdict(minute), "hour": asdict(hour)}}

    def demo(self) -> dict[str, Any]:
        """The whole command."""
        took_s = []
        for _ in range(self.rounds):
            start_s = time.perf_counter()
            environment = {**os.environ, pose_model.VARIABLE: str(self.model)}
            subprocess.run([sys.executable, "-m", "repcount", "demo"], check=True, capture_output=True, env=environment)
            took_s.append(time.perf_counter() - start_s)
        print(f"\ndemo: {statistics.median(took_s):.1f} s for the whole of repcount demo")
        return {"name": "demo", "seconds": statistics.median(took_s)}


def middle(measured: Sequence[_Measured], figure: Callable[[_Measured], float]) -> _Measured:
    """The one whose figure is the median."""
    return sorted(measured, key=figure)[len(measured) // 2]


def published(folder: Path) -> Path:
    """The pose model as it is published, fetched once."""
    model = folder / "published.task"
    if not model.exists():
        model.write_bytes(pose_model.build_unmodified())
    return model


def everything(bench: Bench, folder: Path, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """All comparisons that are asked for."""
    done = []
    whole = make_set(folder / "set.mp4")
    if "short" in wanted:
        short = folder / "short.mp4"
        ffmpeg("-i", whole, "-t", "10", "-c", "copy", short)
        done.append(bench.compare("short", short, truth()))
    if "set" in wanted:
        done.append(bench.compare("set", whole, truth()))
    if "recording" in wanted:
        with reader.open_video(whole) as film:
            every_s = film.info.duration_s + _REST_S
        recording = make_recording(whole, folder / "recording.mp4")
        done.append(bench.compare("recording", recording, truth(every_s, _SETS)))
    if "large" in wanted:
        done += [bench.compare(name, make_large(whole, folder, name), truth()) for name in LARGE]
    if "demo" in wanted:
        done.append(bench.demo())
    if "memory" in wanted:
        done.append(bench.memory(folder, whole))
    return done


def wanted_of(given: argparse.Namespace) -> list[str]:
    """What the options ask for."""
    if given.quick:
        return ["short"]
    if given.only:
        return [given.only]
    return ["set", "recording", "large", "demo", *(["memory"] if given.memory else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparisons; 0 however they turn out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 10 s of the set, nothing else")
    parser.add_argument("--memory", action="store_true", help="the hour of 1920 by 1080, too (takes many minutes)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the one of median length is shown")
    parser.add_argument("--rate", type=float, default=Config().rate_hz, help="frames a second that repcount looks at")
    parser.add_argument("--jobs", type=int, help="pieces that repcount measures at a time")
    parser.add_argument("--model", type=Path, help="pose model, instead of the one in the cache")
    parser.add_argument("--plain-model", type=Path, help="the one for the plain loop, instead of the published one")
    parser.add_argument("--slim", action="store_true", help="the plain loop with the slim model, too")
    parser.add_argument("--only", choices=["set", "recording", "large", "demo", "memory"], help="nothing but this")
    parser.add_argument("--folder", type=Path, help="keep the videos here")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")
    parser.add_argument("--alone", choices=["plain", "slim", "repcount", "bare"], help=argparse.SUPPRESS)
    parser.add_argument("video", type=Path, nargs="?", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    model = pose_model.ensure_model(given.model)
    if given.alone:
        json.dump(alone(given.alone, given.video, model, given.rate, given.jobs), sys.stdout)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rounds = 1 if given.quick else given.rounds
        others = ("slim",) if given.slim else ()
        bench = Bench(model, given.plain_model or published(folder), given.rate, given.jobs, rounds, others)
        outcome = everything(bench, folder, wanted_of(given))
    if given.json:
        given.json.write_text(json.dumps(outcome, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
