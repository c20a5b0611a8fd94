"""The command that counts in front of the camera."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from repcount.cli import help
from repcount.cli.options import (
    BlurFaces,
    ConfigFile,
    Csv,
    Force,
    Json,
    Language,
    Model,
    Person,
    Set,
    Strictness,
    Target,
    Tempo,
    sets_target,
    settings,
)
from repcount.coaching.session import DAY_LIMIT, REST_S, SessionGoals, parse_plan

Signal = Annotated[
    Path | None, typer.Option("--signal", metavar="FILE", help="Write the angles of every counted frame as CSV.")
]
Camera = Annotated[
    str,
    typer.Option(
        metavar="CAMERA", help="Number of the camera, address of a stream (http, https, rtsp, udp, tcp), or a file."
    ),
]
PlanText = Annotated[
    str | None,
    typer.Option(
        "--plan", metavar="PLAN", help="Sets x full reps: 3x30, 5x20; 3x30+ lets a set go on past its reps [free]."
    ),
]
Rest = Annotated[float, typer.Option(min=5, max=3600, metavar="SECONDS", help="Seconds of rest between sets.")]
DayLimit = Annotated[
    int, typer.Option(min=1, max=100_000, metavar="REPS", help="Full reps of a day after which it says so.")
]
Pace = Annotated[
    str | None, typer.Option(metavar="TEMPO", help="Tick the tempo as raise/hold/lower/pause seconds, such as 2/0/2/0.")
]
Sound = Annotated[Literal["voice", "tones", "off"], typer.Option(help="How it tells you.")]
Volume = Annotated[
    int, typer.Option(min=0, max=100, metavar="PERCENT", help="Loudness of voice and tones in per cent.")
]
Voice = Annotated[
    str | None, typer.Option("--voice", metavar="NAME", help="Name of the voice; repcount doctor lists them.")
]
Rate = Annotated[int, typer.Option("--rate", min=80, max=400, metavar="WORDS", help="Words per minute of the voice.")]
SoundFile = Annotated[
    Path | None,
    typer.Option("--sound-file", metavar="FILE", help="Write what would be heard into this WAV file instead."),
]
Record = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Keep the pictures as a video; otherwise none is kept.")
]
Gestures = Annotated[
    bool,
    typer.Option(
        "--gestures",
        help="The arm nearer the camera, held up for a second, pauses or goes on; both, spread, end the set.",
    ),
]
NoWindow = Annotated[bool, typer.Option("--no-window", help="Use the terminal alone.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Connect to an https or rtsps camera whose certificate nobody vouches for.")
]
GiveUp = Annotated[
    float,
    typer.Option("--give-up", min=1, max=86400, metavar="SECONDS", help="End after so many seconds without a picture."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    help.add(app, live, {
        "repcount live": "camera 0, window and voice",
        "repcount live --plan 3x30 --rest 90": "three sets of 30 full reps, 90 s of rest",
        "repcount live --camera http://192.168.1.20:8080/video": "a phone as the camera",
        "repcount live --no-window --sound tones": "the terminal, and tones instead of a voice",
        "repcount live --tempo 3/0/3/0 --pace 3/0/3/0": "three seconds up, three down, with ticks",
    })  # fmt: skip


def live(
    camera: Camera = "0",
    plan: PlanText = None,
    rest: Rest = REST_S,
    day_limit: DayLimit = DAY_LIMIT,
    pace: Pace = None,
    sound: Sound = "voice",
    volume: Volume = 100,
    voice: Voice = None,
    words_per_minute: Rate = 160,
    sound_file: SoundFile = None,
    language: Language = None,
    no_window: NoWindow = False,
    record: Record = None,
    blur_faces: BlurFaces = False,
    csv: Csv = None,
    json: Json = None,
    signal: Signal = None,
    force: Force = False,
    tempo: Tempo = None,
    strictness: Strictness = None,
    target: Target = None,
    set_: Set = None,
    config: ConfigFile = None,
    model: Model = None,
    give_up: GiveUp = 60,
    insecure: Insecure = False,
    person: Person = None,
    gestures: Gestures = False,
) -> None:
    """Count in front of the camera, and say the count.

    Lie down, wait for "ready", begin. Keys, in the window or the terminal: q quit, space pause, r start the
    set again, n end the set or the rest, + and - correct the count by hand, t count the partial reps just
    done. In the window f fills the screen and comes back.
    """
    from repcount.app import live as app_live
    from repcount.app.console import OutputOptions, make_reporter, without_native_log
    from repcount.app.keep import with_target

    output = OutputOptions(csv, json, signal, force=force)
    reporter = make_reporter(output, explain=False)
    reporter.has_other_outputs = True  # a broken pipe must not end the session of somebody who cannot see the terminal
    given = target is not None or sets_target(set_)
    chosen = with_target(settings(config, strictness, tempo, target, set_), person, given, reporter)
    options = app_live.LiveOptions(
        now=lambda: datetime.now().astimezone(),
        camera=camera,
        goals=SessionGoals(parse_plan(plan), rest, day_limit, gestures),
        plan=plan or "free",
        sound=app_live.SoundOptions(sound, volume / 100, pace, sound_file, voice, words_per_minute),
        window=not no_window,
        record=record,
        blur_faces=blur_faces,
        give_up_s=give_up,
        insecure=insecure,
        force=force,
        person=person,
        target_deg=chosen.full_deg if given else None,
    )
    with without_native_log(reporter):
        code = app_live.run_live_session(options, chosen, model, output, reporter)
    if code:
        raise typer.Exit(code)
