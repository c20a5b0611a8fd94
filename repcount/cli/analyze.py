"""Commands that count recordings: analyze, recount, demo."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from repcount.cli.options import (
    ConfigFile,
    Csv,
    Explain,
    Force,
    Json,
    Model,
    Rate,
    Set,
    Strictness,
    Tempo,
    exit_with,
    settings,
)
from repcount.config import load

Videos = Annotated[list[Path], typer.Argument(help="Recorded videos, or folders with videos.", show_default=False)]
Recursive = Annotated[bool, typer.Option("--recursive", help="Look into the folders inside a folder, too.")]
Details = Annotated[bool, typer.Option("--details", help="With several videos: show the reps of each.")]
Clips = Annotated[
    Path | None,
    typer.Option(help="Write one row per video to this CSV file, also for those without a rep; - is stdout."),
]
Rejected = Annotated[
    Path | None, typer.Option(help="Write the movements that were not counted to this CSV file; - is stdout.")
]
Landmarks = Annotated[
    Path | None,
    typer.Option(help="Write the landmarks of every analysed frame as .csv or .parquet. "
                 "With several videos: a folder."),
]  # fmt: skip
Annotate = Annotated[
    Path | None,
    typer.Option(help="Write a copy of the video with skeleton, gauge and count drawn on it (.mp4). "
                 "With several videos: a folder."),
]  # fmt: skip
Plot = Annotated[Path | None, typer.Option(help="Draw the elevation of the legs over time: a .png, .svg or .pdf file.")]
Report = Annotated[Path | None, typer.Option(help="Write an HTML report; a folder gets one per video; - is stdout.")]
NoPictures = Annotated[bool, typer.Option("--no-pictures", help="Leave people out of the report.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Pose trackers at work at a time, over all videos [as many as there are cores]."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Pass over videos whose results are in the --json file, whole, already.")
]
Cluster = Annotated[
    str | None, typer.Option(help="Let the workers of this Dask scheduler (such as tcp://host:8786) do the counting.")
]
Signal = Annotated[
    Path | None,
    typer.Option("--signal", help="Write the angles of every analysed frame as CSV, for `recount`; - is stdout. "
                 "With several videos: a folder."),
]  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    for command in (analyze, recount, demo):
        app.command()(command)


def analyze(
    videos: Videos,
    recursive: Recursive = False,
    details: Details = False,
    csv: Csv = None,
    json: Json = None,
    clips: Clips = None,
    rejected: Rejected = None,
    signal: Signal = None,
    landmarks: Landmarks = None,
    annotate: Annotate = None,
    plot: Plot = None,
    report: Report = None,
    force: Force = False,
    no_pictures: NoPictures = False,
    jobs: Jobs = None,
    rate: Rate = None,
    resume: Resume = False,
    cluster: Cluster = None,
    tempo: Tempo = None,
    strictness: Strictness = None,
    set_: Set = None,
    config: ConfigFile = None,
    model: Model = None,
    explain: Explain = False,
) -> None:
    """Count in recorded files."""
    from repcount.app.inputs import find_videos
    from repcount.app.workers import LocalExecutor

    inputs = find_videos(videos, recursive=recursive)
    with LocalExecutor(jobs, len(inputs.videos)) as local:
        if cluster is None:
            local.start()  # a worker loads its libraries while this process imports and checks
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions, make_reporter

        options = OutputOptions(
            csv=csv,
            json=json,
            signal=signal,
            annotate=annotate,
            clips=clips,
            rejected=rejected,
            landmarks=landmarks,
            plot=plot,
            report=report,
            thumbnails=not no_pictures,
            date=_today(),
            details=details,
            resume=resume,
            cluster=cluster,
            jobs=jobs,
            force=force,
        )
        reporter = make_reporter(options, explain=explain)
        app_analyze.run_batch(inputs, settings(config, strictness, tempo, set_, rate), model, options, reporter, local)
    exit_with(reporter)


def recount(
    signals: Annotated[
        list[Path], typer.Argument(help="Signal CSVs that `analyze --signal` wrote.", show_default=False)
    ],
    details: Details = False,
    csv: Csv = None,
    json: Json = None,
    clips: Clips = None,
    rejected: Rejected = None,
    plot: Plot = None,
    report: Report = None,
    force: Force = False,
    tempo: Tempo = None,
    strictness: Strictness = None,
    set_: Set = None,
    config: ConfigFile = None,
    explain: Explain = False,
) -> None:
    """Count again from saved signals with other settings; no video needed."""
    from repcount.app import analyze as app_analyze
    from repcount.app.console import OutputOptions, make_reporter

    options = OutputOptions(
        csv=csv,
        json=json,
        clips=clips,
        rejected=rejected,
        plot=plot,
        report=report,
        date=_today(),
        details=details,
        force=force,
    )
    reporter = make_reporter(options, explain=explain)
    app_analyze.recount(signals, settings(config, strictness, tempo, set_), options, reporter)
    exit_with(reporter)


def demo(model: Model = None) -> None:
    """Count a sample video that comes with repcount."""
    from repcount.app.workers import LocalExecutor

    with LocalExecutor() as local:
        local.start()
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions, make_reporter
        from repcount.app.inputs import Inputs

        reporter = make_reporter(OutputOptions(), explain=False)
        inputs = Inputs([app_analyze.sample_video_path()])
        app_analyze.run_batch(inputs, load(None), model, OutputOptions(), reporter, local)
    exit_with(reporter)


def _today() -> date:
    return datetime.now().astimezone().date()
