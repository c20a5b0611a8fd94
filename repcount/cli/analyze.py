"""Commands that count recordings: analyze, recount, demo."""

from __future__ import annotations

from datetime import datetime
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
    Target,
    Tempo,
    exit_with,
    settings,
)
from repcount.config import load

Videos = Annotated[list[Path], typer.Argument(help="Recorded videos.", show_default=False)]
Annotate = Annotated[
    Path | None,
    typer.Option(help="Write a copy of the video with skeleton, gauge and count drawn on it (.mp4). "
                 "With several videos: a folder."),
]  # fmt: skip
Plot = Annotated[Path | None, typer.Option(help="Draw the elevation of the legs over time: a .png, .svg or .pdf file.")]
Report = Annotated[Path | None, typer.Option(help="Write an HTML report; - is stdout.")]
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
    csv: Csv = None,
    json: Json = None,
    signal: Signal = None,
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
    target: Target = None,
    set_: Set = None,
    config: ConfigFile = None,
    model: Model = None,
    explain: Explain = False,
) -> None:
    """Count in recorded files."""
    from repcount.app.workers import LocalExecutor

    with LocalExecutor(jobs, len(videos)) as local:
        if cluster is None:
            local.start()  # a worker loads its libraries while this process imports and checks
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions, make_reporter

        options = OutputOptions(
            csv, json, signal, annotate, plot, report, not no_pictures, _today(), resume, cluster, jobs, force
        )
        reporter = make_reporter(options, explain=explain)
        chosen = settings(config, strictness, tempo, target, set_, rate)
        app_analyze.run_batch(videos, chosen, model, options, reporter, local)
    exit_with(reporter)


def recount(
    signal: Annotated[Path, typer.Argument(help="A signal CSV that `analyze --signal` wrote.", show_default=False)],
    csv: Csv = None,
    json: Json = None,
    plot: Plot = None,
    report: Report = None,
    force: Force = False,
    tempo: Tempo = None,
    strictness: Strictness = None,
    target: Target = None,
    set_: Set = None,
    config: ConfigFile = None,
    explain: Explain = False,
) -> None:
    """Count again from a saved signal with other settings; no video needed."""
    from repcount.app import analyze as app_analyze
    from repcount.app.console import OutputOptions, make_reporter

    options = OutputOptions(csv, json, plot=plot, report=report, date=_today(), force=force)
    reporter = make_reporter(options, explain=explain)
    app_analyze.recount(signal, settings(config, strictness, tempo, target, set_), options, reporter)
    exit_with(reporter)


def demo(model: Model = None) -> None:
    """Count a sample video that comes with repcount."""
    from repcount.app.workers import LocalExecutor

    with LocalExecutor() as local:
        local.start()
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions, make_reporter

        reporter = make_reporter(OutputOptions(), explain=False)
        app_analyze.run_batch([app_analyze.sample_video_path()], load(None), model, OutputOptions(), reporter, local)
    exit_with(reporter)


def _today() -> str:
    return datetime.now().astimezone().strftime("%d %B %Y")
