"""Commands that count recordings: analyze, recount, demo."""

from __future__ import annotations

from datetime import date as day
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repcount.cli import help
from repcount.cli.options import (
    BlurFaces,
    ConfigFile,
    Csv,
    Explain,
    Force,
    Json,
    Language,
    Model,
    Person,
    Rate,
    Set,
    Strictness,
    Target,
    Tempo,
    exit_with,
    parse_span,
    parse_subject,
    sets_target,
    settings,
)
from repcount.config import load

if TYPE_CHECKING:
    from repcount.app.console import ConsoleReporter

Videos = Annotated[
    list[Path],
    typer.Argument(metavar="VIDEO", help="Recorded videos, or folders with videos.", show_default=False),
]
Recursive = Annotated[bool, typer.Option("--recursive", help="Look into the folders inside a folder, too.")]
Details = Annotated[bool, typer.Option("--details", help="With several videos: show the reps of each.")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Count from here on: seconds, 1:30 or 1:02:30 [the beginning]."),
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Count up to here [the end].")]
SubjectOption = Annotated[
    str | None,
    typer.Option("--subject", metavar="WHO", help="Whom to count where several people lie: 1 is the leftmost, "
                 "0.3,0.7 lies there, by share of width and height [who raises the legs first]."),
]  # fmt: skip
Clips = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write one row per video as CSV, also for those without a rep; - is stdout."),
]
Rejected = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the movements that were not counted as CSV; - is stdout."),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the landmarks of every analysed frame as .csv or .parquet. "
                 "With several videos: a folder."),
]  # fmt: skip
Annotate = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a copy of the video with skeleton, gauge and count drawn on it (.mp4). "
                 "With several videos: a folder."),
]  # fmt: skip
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw the elevation of the legs over time: a .png, .svg or .pdf file."),
]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write an HTML report; - is stdout. A folder: one per video.")
]
NoPictures = Annotated[bool, typer.Option("--no-pictures", help="Leave people out of the report.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=64,
        metavar="NUMBER",
        help="Pose trackers at work at a time, over all videos [as many as there are cores].",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Pass over videos whose results are in the --json file, whole, already.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Let the workers of this Dask scheduler (such as tcp://host:8786) do the counting."
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Put the videos into the history, with the day of each.")]
Recorded = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], metavar="DAY",
                 help="When they were recorded, such as 2026-11-22 [what each video says]."),
]  # fmt: skip
NoWindow = Annotated[bool, typer.Option("--no-window", help="Only the table.")]
Signal = Annotated[
    Path | None,
    typer.Option("--signal", metavar="FILE", help="Write the angles of every analysed frame as CSV, for `recount`; "
                 "- is stdout. With several videos: a folder."),
]  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    help.add(app, analyze, {
        "repcount analyze set.mp4": "a table of the reps",
        "repcount analyze set.mp4 --csv reps.csv --report report.html": "the times of all reps, and a report",
        "repcount analyze set.mp4 --annotate seen.mp4": "a copy with skeleton and count drawn on it",
        "repcount analyze set.mp4 --explain": "also what was not counted, and why",
        "repcount analyze FOLDER --clips clips.csv --csv reps.csv": "all videos of a folder, to two tables",
        "repcount analyze FOLDER --json all.json --resume": "many videos; started again, it goes on where it was",
    })  # fmt: skip
    help.add(app, recount, {
        "repcount recount signal.csv --tempo 3/1/3/0": "which reps are too fast for a slower tempo",
        "repcount recount signal.csv --set full_deg=75 --csv reps.csv": "upright means 75° instead of 67°",
    })  # fmt: skip
    help.add(app, demo, {
        "repcount demo": "the window, the voice, and a report in the browser",
        "repcount demo --no-window": "only the table",
    })  # fmt: skip


def analyze(
    videos: Videos,
    recursive: Recursive = False,
    from_: From = None,
    to: To = None,
    subject: SubjectOption = None,
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
    blur_faces: BlurFaces = False,
    jobs: Jobs = None,
    rate: Rate = None,
    resume: Resume = False,
    cluster: Cluster = None,
    keep: Keep = False,
    person: Person = None,
    date: Recorded = None,
    tempo: Tempo = None,
    strictness: Strictness = None,
    target: Target = None,
    set_: Set = None,
    config: ConfigFile = None,
    model: Model = None,
    explain: Explain = False,
    language: Language = None,
) -> None:
    """Count in recorded files."""
    if not keep and report is None and (person is not None or date is not None):
        raise typer.BadParameter("--person and --date are for the history and the report: add --keep or --report")
    from repcount.app.inputs import find_videos
    from repcount.app.workers import LocalExecutor

    inputs = find_videos(videos, recursive=recursive)
    with LocalExecutor(jobs, len(inputs.videos)) as local:
        if cluster is None:
            local.start()  # a worker loads its libraries while this process imports and checks
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions, make_reporter
        from repcount.app.keep import KeepOptions, VideoKeeper, with_target

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
            person=person or "",
            recorded=date and date.date(),
            blur_faces=blur_faces,
            date=_today(),
            span=parse_span(from_, to),
            subject=parse_subject(subject),
            details=details,
            resume=resume,
            cluster=cluster,
            jobs=jobs,
            force=force,
        )
        reporter = make_reporter(options, explain=explain)
        given = target is not None or sets_target(set_)
        chosen = with_target(settings(config, strictness, tempo, target, set_, rate), person, given, reporter)
        keeping = KeepOptions(person, _recorded(date), chosen.full_deg if given else None)
        keeper = VideoKeeper(keeping, reporter) if keep else None
        app_analyze.run_batch(inputs, chosen, model, options, reporter, local, keeper)
    exit_with(reporter)


def _recorded(date: datetime | None) -> datetime | None:
    """The time of recording, in the local zone; noon where only the day is given."""
    if date is None:
        return None
    return (date if date.time() != time.min else date.replace(hour=12)).astimezone()


def recount(
    signals: Annotated[
        list[Path],
        typer.Argument(metavar="SIGNAL", help="Signal CSVs that `analyze --signal` wrote.", show_default=False),
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
    target: Target = None,
    set_: Set = None,
    config: ConfigFile = None,
    explain: Explain = False,
    language: Language = None,
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
    app_analyze.recount(signals, settings(config, strictness, tempo, target, set_), options, reporter)
    exit_with(reporter)


def demo(no_window: NoWindow = False, language: Language = None, model: Model = None) -> None:
    """Watch a sample set being counted: window, voice and report.

    The window plays a video that comes with repcount, the voice counts along, and the report opens in the browser.
    Without a display you get the table alone. It keeps nothing in the history.
    """
    from repcount.app.console import OutputOptions, make_reporter

    reporter = make_reporter(OutputOptions(), explain=False)
    problem = None if no_window else _show_demo(model, reporter)
    if problem:
        reporter.note(f"{problem}. Here is the table alone")
    if problem or no_window:
        _count_sample(model, reporter)
    exit_with(reporter)


def _show_demo(model: Path | None, reporter: ConsoleReporter) -> str | None:
    """Show the demo in a window; returns why there can be none."""
    from repcount.display.window import display_problem

    problem = display_problem()
    if problem is None:
        from repcount.app import demo as app_demo

        code = app_demo.run(model, lambda: datetime.now().astimezone(), reporter)
        if code:
            raise typer.Exit(code)
    return problem


def _count_sample(model: Path | None, reporter: ConsoleReporter) -> None:
    from repcount.app.workers import LocalExecutor

    with LocalExecutor() as local:
        local.start()
        from repcount.app import analyze as app_analyze
        from repcount.app.console import OutputOptions
        from repcount.app.inputs import Inputs

        sample = Inputs([app_analyze.sample_video_path()])
        app_analyze.run_batch(sample, load(None), model, OutputOptions(), reporter, local)


def _today() -> day:
    return datetime.now().astimezone().date()
