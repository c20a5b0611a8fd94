"""Decides what a live session counts, shows and says: everything but camera, pose model, screen and sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isnan, nan

from repcount.coaching import readiness, session
from repcount.coaching.events import Announcement, Command, Cue, LiveUpdate, SessionStatus, Stage
from repcount.config import Config
from repcount.counting.counter import RepCounter
from repcount.pose import angles
from repcount.types import Frame, Phase, Pose, Rep, Update

_PATIENCE_S, _PATIENCE_IN_SET_S = 2.0, 6.0
"""Problems are told after this long: somebody who is still moving into place knows. Within a set people may
scratch their nose. Choices."""

_RATE_OVER_S = 2.0

_SLOW_SHARE, _SLOW_S = 0.7, 5.0
"""Frames that are due and not analysed: below this share of them, for so long, the machine is too slow for the rate,
and the person is to know. Choices."""

_MOVING = {Phase.RAISE, Phase.HOLD, Phase.LOWER}

Keep = Callable[[Update], int]
"""Puts an update on the record and returns the day's full reps so far, over all sessions."""


class Coach:
    """One live session. Whatever is told in a moment was kept before."""

    def __init__(self, config: Config, aims: session.SessionGoals, keep: Keep, today: int = 0) -> None:
        self._config, self._aims, self._keep = config, aims, keep
        self._counting = RepCounter(config)
        self._session = session.SessionState()
        self._readiness = readiness.ReadinessState()
        self._reminder = readiness.ReminderState()
        self._paused = False
        self._trouble: Cue | None = None
        self._today = today
        self._update: Update | None = None
        self._side = ""
        self._times: deque[float] = deque()
        self._fast_enough_s = nan
        self._slow_told = False
        self._updates: list[Update] = []
        self._notices: list[Announcement] = []

    def see(self, frame: Frame, pose: Pose | None, people: int, camera_hz: float = nan) -> LiveUpdate:
        """One analysed frame with the person found in it; `people` is how many were found."""
        time_s = frame.time_s
        sample = angles.compute_sample(time_s, pose, self._side)
        self._side = sample.side
        self._trouble = None
        was_ready = self._readiness.ready
        self._readiness = readiness.update_readiness(
            self._config, self._readiness, sample, readiness.check_framing(frame, pose, people)
        )
        if self._readiness.ready and not self._paused:
            if not was_ready:
                self._notices.append(Announcement(Cue.READY))
            self._take(self._counting.push(sample))
        elif was_ready:
            self._stop_counting()
        return self._moment(time_s, frame, pose, camera_hz)

    def idle(self, time_s: float) -> LiveUpdate:
        """The moment after a while without a frame."""
        return self._moment(time_s, None, None, nan)

    def camera_fault(self, notice: Announcement) -> None:
        """Something is the matter with the camera, or no longer."""
        self._notices.append(notice)
        self._trouble = None if notice.cue is Cue.CAMERA_BACK else notice.cue

    def command(self, command: Command, time_s: float) -> None:
        """Somebody pressed a key."""
        actions = {
            Command.PAUSE: self._pause,
            Command.RESTART: self._restart,
            Command.NEXT: self._next,
            Command.ADD: self._add,
            Command.REMOVE: self._remove,
        }
        if command in actions:
            actions[command](time_s)

    def end(self, time_s: float) -> LiveUpdate:
        """The last moment: a return on the last frame is a rep."""
        self._stop_counting()
        return self._moment(time_s, None, None, nan)

    def _pause(self, time_s: float) -> None:
        self._paused = not self._paused
        if self._paused:
            self._stop_counting()
        self._notices.append(Announcement(Cue.PAUSED if self._paused else Cue.GOING_ON))

    def _restart(self, time_s: float) -> None:
        """The reps of this set are taken off the record."""
        self._stop_counting(keep=False)
        self._take([self._counting.remove(time_s, rep.number) for rep in self._session.reps])
        self._say(session.restart_set(self._session))

    def _next(self, time_s: float) -> None:
        """End the set, or the rest."""
        if self._session.resting:
            self._say(session.end_rest(self._session))
            self._session = replace(self._session, rest_since_s=nan)
        else:
            self._stop_counting()
            self._say(session.close_set(self._aims, self._session, time_s))
        self._counting.next_set()

    def _add(self, time_s: float) -> None:
        self._take([self._counting.add(time_s)])

    def _remove(self, time_s: float) -> None:
        """Take the newest full rep of this set off the record."""
        full = [rep for rep in self._session.reps if rep.full]
        if full:
            self._take([self._counting.remove(time_s, full[-1].number)])
            self._say(session.on_rep_removed(self._session, full[-1].number))

    def _stop_counting(self, *, keep: bool = True) -> None:
        updates = self._counting.end()
        self._update = None
        if keep:
            self._take(updates)

    def _take(self, updates: Iterable[Update]) -> None:
        """Keep updates, then see what they mean."""
        for update in updates:
            self._today = self._keep(update)
            self._updates.append(update)
            self._update = update if update.sample else self._update
            for event in update.events:
                if isinstance(event, Rep):
                    self._say(session.on_rep(self._aims, self._session, event, self._today))

    def _say(self, told: session.Transition) -> None:
        self._session, notices = told
        self._notices.extend(notices)
        if any(notice.cue is Cue.REST_OVER for notice in notices):
            self._counting.next_set()

    def _moment(self, time_s: float, frame: Frame | None, pose: Pose | None, camera_hz: float) -> LiveUpdate:
        if not self._paused:
            moving = self._update is not None and self._update.phase in _MOVING
            self._say(session.on_tick(self._config, self._aims, self._session, time_s, moving=moving))
        if frame is not None:
            self._clock(time_s, camera_hz)
            self._remind(time_s)
        standing = self._standing(time_s, camera_hz)
        updates, notices = tuple(self._updates), tuple(self._notices)
        self._updates, self._notices = [], []
        return LiveUpdate(time_s, frame, pose, self._side, standing, updates, notices)

    def _clock(self, time_s: float, camera_hz: float) -> None:
        """Measure the rate; a machine that is too slow for it leaves frames out by itself."""
        self._times.append(time_s)
        while time_s - self._times[0] > _RATE_OVER_S:
            self._times.popleft()
        slow = self._analysed_hz < _SLOW_SHARE * min(self._config.rate_hz, camera_hz)
        if not slow or isnan(self._fast_enough_s):
            self._fast_enough_s = time_s
        elif time_s - self._fast_enough_s > _SLOW_S and not self._slow_told:
            self._slow_told = True
            self._notices.append(Announcement(Cue.SLOWED_DOWN, round(self._analysed_hz)))

    @property
    def _analysed_hz(self) -> float:
        passed_s = self._times[-1] - self._times[0] if self._times else 0.0
        return (len(self._times) - 1) / passed_s if passed_s > 0 else nan

    def _remind(self, time_s: float) -> None:
        """Tell a problem of placement where it matters: nobody has to lie down for a rest."""
        waits = self._paused or self._session.finished or (self._session.resting and not self._session.over)
        patience_s = _PATIENCE_IN_SET_S if self._session.reps else _PATIENCE_S
        problem = None if waits else self._readiness.problem
        self._reminder, say = readiness.update_reminder(self._reminder, time_s, problem, patience_s)
        if say is not None:
            self._notices.append(Announcement(say))

    def _stage(self) -> Stage:
        if self._trouble not in (None, Cue.CAMERA_SLOW):
            return Stage.NO_PICTURE
        if self._paused:
            return Stage.PAUSED
        stage = session.stage(self._session)
        return Stage.PLACING if stage is Stage.COUNTING and not self._readiness.ready else stage

    def _standing(self, time_s: float, camera_hz: float) -> SessionStatus:
        kept, plan, update = self._session, self._aims.plan, self._update
        upright, rest = self._config.full_deg, update.rest_deg if update else nan
        return SessionStatus(
            stage=self._stage(),
            phase=update.phase if update else Phase.UNKNOWN,
            full=kept.full,
            partial=len(kept.reps) - kept.full,
            target=plan.reps,
            set=kept.set,
            sets=plan.sets,
            session=kept.session,
            today=self._today,
            day_limit=self._aims.day_limit,
            last=kept.reps[-1] if kept.reps else None,
            lift_deg=update.lift_deg if update else nan,
            upright_deg=upright,
            back_deg=rest + self._config.return_share * (upright - rest),
            problem=self._trouble or self._readiness.problem,
            rest_left_s=session.rest_left_s(self._aims, kept, time_s),
            camera_hz=camera_hz,
            analysed_hz=self._analysed_hz,
        )
