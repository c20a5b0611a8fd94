"""A session as a FIT file: a strength workout with its sets, rests and reps, for Garmin Connect and others.

https://developer.garmin.com/fit/file-types/activity/ and, for sets, the profile of the message `set`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import isfinite

from repcount.errors import OutputError
from repcount.history.progress import SetResult, sets_of
from repcount.history.totals import Session


@contextmanager
def _root_logger_untouched() -> Iterator[None]:
    """fit_tool gives the root logger of the host program a handler when it is imported."""
    before = list(logging.root.handlers)
    yield
    logging.root.handlers[:] = before


with _root_logger_untouched():
    from fit_tool.data_message import DataMessage
    from fit_tool.fit_file_builder import FitFileBuilder
    from fit_tool.profile.messages.activity_message import ActivityMessage
    from fit_tool.profile.messages.event_message import EventMessage
    from fit_tool.profile.messages.file_id_message import FileIdMessage
    from fit_tool.profile.messages.lap_message import LapMessage
    from fit_tool.profile.messages.session_message import SessionMessage
    from fit_tool.profile.messages.set_message import SetMessage
    from fit_tool.profile.profile_type import (
        Activity,
        Event,
        EventType,
        ExerciseCategory,
        FileType,
        LegRaiseExerciseName,
        Manufacturer,
        SetType,
        Sport,
        SubSport,
    )

_FIRST_YEAR = 1999
"""FIT takes a smaller number of seconds for a time since the device was switched on; that is until July 1998."""


def fit_bytes(session: Session) -> bytes:
    """The content of the file, which depends on the session alone. Partial reps are left out: FIT has no word for them.

    Raises OutputError for a session whose clock was never set.
    """
    if session.started.year < _FIRST_YEAR:
        raise OutputError(f"session {session.id} cannot be a FIT file: its clock says {session.started:%Y}")
    builder = FitFileBuilder(auto_define=True)
    for message in _messages(session):
        builder.add(message)
    return bytes(builder.build_bytes())


def _messages(session: Session) -> Iterator[DataMessage]:
    sets = sets_of(session)
    length_s = max([session.length_s, *(result.end_s for result in sets if isfinite(result.end_s))])
    start, end = _time_ms(session, 0.0), _time_ms(session, length_s)

    file_id = FileIdMessage()
    file_id.type = FileType.ACTIVITY.value
    file_id.manufacturer = Manufacturer.DEVELOPMENT.value
    file_id.product = 0
    file_id.time_created = start
    yield file_id
    yield _timer(start, EventType.START)
    yield from _sets(session, sets)
    yield _timer(end, EventType.STOP_ALL)
    for message in (LapMessage(), SessionMessage()):
        message.timestamp, message.start_time = end, start
        message.total_elapsed_time = message.total_timer_time = length_s
        message.sport, message.sub_sport = Sport.TRAINING.value, SubSport.STRENGTH_TRAINING.value
        message.message_index = 0
        if isinstance(message, SessionMessage):
            message.first_lap_index, message.num_laps = 0, 1
        yield message
    activity = ActivityMessage()
    activity.timestamp = end
    activity.local_timestamp = _local_s(session, length_s)
    activity.total_timer_time = length_s
    activity.num_sessions = 1
    activity.type = Activity.MANUAL.value
    yield activity


def _timer(time_ms: int, event_type: EventType) -> EventMessage:
    message = EventMessage()
    message.timestamp = time_ms
    message.event = Event.TIMER.value
    message.event_type = event_type.value
    return message


def _sets(session: Session, sets: tuple[SetResult, ...]) -> Iterator[SetMessage]:
    """An active set for each set, and a rest between two of them. A set without known times is at the last known."""
    at_s = 0.0
    index = 0
    for number, result in enumerate(sets):
        start_s, end_s = (value if isfinite(value) else at_s for value in (result.start_s, result.end_s))
        if number:
            yield _set(session, index, at_s, start_s)
            index += 1
        active = _set(session, index, start_s, end_s)
        active.set_type = SetType.ACTIVE.value
        active.repetitions = result.full
        active.category = [ExerciseCategory.LEG_RAISE.value]
        active.category_subtype = [LegRaiseExerciseName.LYING_STRAIGHT_LEG_RAISE.value]
        yield active
        index += 1
        at_s = end_s


def _set(session: Session, index: int, start_s: float, end_s: float) -> SetMessage:
    """A rest, until it is said to be more."""
    message = SetMessage()
    message.message_index = index
    message.timestamp = _time_ms(session, end_s)
    message.start_time = _time_ms(session, start_s)
    message.duration = max(end_s - start_s, 0.0)
    message.set_type = SetType.REST.value
    return message


def _time_ms(session: Session, after_s: float) -> int:
    """Milliseconds since 1970, which the library turns into FIT's seconds since 1989."""
    return round((session.started + timedelta(seconds=after_s)).timestamp()) * 1000


def _local_s(session: Session, after_s: float) -> int:
    """What a clock on the wall showed, as FIT's seconds since 1989."""
    wall = (session.started + timedelta(seconds=after_s)).replace(tzinfo=UTC)
    return round((wall - datetime(1989, 12, 31, tzinfo=UTC)).total_seconds())
