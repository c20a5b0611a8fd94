"""What a live session counts and announces: all decisions, without camera, pose model, views or sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import nan

from repcount.coaching import feedback, gestures, readiness, session, target
from repcount.coaching.analysis_rate import AnalysisRate
from repcount.coaching.events import Announcement, Command, Cue, LiveUpdate, SessionStatus, Stage
from repcount.config import Config
from repcount.counting.counter import RepCounter
from repcount.pose import angles, arms, silhouette
from repcount.pose.body import lower_heel
from repcount.types import Frame, Phase, Pose, Rep, Sample, TargetSet, Update

_PATIENCE_S, _PATIENCE_IN_SET_S = 2.0, 6.0
"""How long a problem lasts before it is announced, before and within a set.

Heuristics: somebody who is still getting into position knows; within a set people may scratch their nose.
"""

CAMERA_OK_HZ = 12.0
"""A camera that was called slow is not once it gives so many frames a second; it is called slow below that."""

_MOVING = {Phase.RAISE, Phase.HOLD, Phase.LOWER}

_NO_FRAMES = {Cue.CAMERA_LOST, Cue.CAMERA_BUSY, Cue.CAMERA_REFUSED}
"""Faults that the next frame ends, whether or not it is said that the camera is back."""

RecordUpdate = Callable[[Update], int]
"""Records an update and returns the day's full reps so far, over all sessions."""


class Coach:
    """One live session. Everything is recorded before it is announced.

    `record` records each counter update; `today` is the day's full reps before this session.
    """

    def __init__(self, config: Config, goals: session.SessionGoals, record: RecordUpdate, today: int = 0) -> None:
        self._config, self._goals, self._record = config, goals, record
        self._counter = RepCounter(config)
        self._session = session.SessionState()
        self._feedback = feedback.FeedbackState()
        self._gesture = gestures.GestureState()
        self._arms_down = silhouette.ArmsDown()
        self._readiness = readiness.ReadinessState()
        self._reminder = readiness.ReminderState()
        self._ever_ready = False
        self._paused = False
        self._camera_fault: Cue | None = None
        self._camera_slow = False
        self._now_s = 0.0
        self._today = today
        self._last_update: Update | None = None
        """The newest update that has a sample; None while not counting."""
        self._side = ""
        self._rate = AnalysisRate(config.rate_hz)
        self._slow_announced = False
        self._target_offered = False
        self._updates: list[Update] = []
        self._announcements: list[Announcement] = []

    def see(self, frame: Frame, pose: Pose | None, people: int, camera_hz: float = nan) -> LiveUpdate:
        """Process one frame and the pose found in it; `people` is how many people were found.

        `camera_hz` is the measured rate of the camera, NaN if unknown.
        """
        time_s = frame.time_s
        sample = angles.compute_sample(time_s, pose, self._side)
        self._side = sample.side
        if self._camera_fault in _NO_FRAMES:
            self._camera_fault = None
        self._camera_slow = self._camera_slow and not camera_hz >= CAMERA_OK_HZ
        if self._goals.gestures:
            self._watch_arms(sample, frame, pose)
        was_ready = self._readiness.ready
        framing = readiness.check_framing(frame, pose, people)
        self._readiness = readiness.update_readiness(self._config, self._readiness, sample, framing)
        if self._readiness.ready and not self._paused:
            if not was_ready:
                self._announce_ready(time_s)
            self._process(self._counter.push(sample))
        elif was_ready:
            self._stop_counting()
        return self._live_update(time_s, frame, pose, camera_hz)

    def idle(self, time_s: float) -> LiveUpdate:
        """Process the passing of time while no frame arrives."""
        return self._live_update(time_s, None, None, nan)

    def camera_fault(self, announcement: Announcement) -> None:
        """Process a fault of the camera, or with `Cue.CAMERA_BACK` its end."""
        self._announcements.append(announcement)
        if announcement.cue is Cue.CAMERA_SLOW:
            self._camera_slow = True
        else:
            self._camera_fault = None if announcement.cue is Cue.CAMERA_BACK else announcement.cue

    def command(self, command: Command, time_s: float) -> None:
        """Process a key; `Command.QUIT` is left to the caller."""
        actions = {
            Command.PAUSE: self._pause,
            Command.RESTART: self._restart,
            Command.NEXT: self._next,
            Command.ADD: self._add,
            Command.REMOVE: self._remove,
            Command.TARGET: self._set_target,
        }
        if command in actions:
            actions[command](time_s)

    def end(self, time_s: float) -> LiveUpdate:
        """End the session: legs that are back down in the last frame complete a rep."""
        self._stop_counting()
        return self._live_update(time_s, None, None, nan)

    @property
    def obstacle(self) -> Cue | None:
        """What prevented counting to the end; None if something was counted, or could have been.

        Somebody who lay still for less than a second before the end has not lain still.
        """
        return None if self._ever_ready else self._readiness.problem or Cue.NOT_STILL

    def _announce_ready(self, time_s: float) -> None:
        """Announce that counting begins, together with what could be better about the position."""
        self._announcements.append(Announcement(Cue.READY))
        if self._goals.gestures and not self._ever_ready:
            self._announcements.append(Announcement(Cue.ARM_PAUSES))
        self._ever_ready = True
        self._remind(time_s, patience_s=0.0)

    def _watch_arms(self, sample: Sample, frame: Frame, pose: Pose | None) -> None:
        """Pause or go on when an arm has been held up, end the set or the rest when both have been.

        Where it may have been both, a pause loses nothing, and it is said how to end the set from there.
        """
        self._arms_down, standing = silhouette.see(self._arms_down, frame, pose)
        up = arms.agreed(pose, standing)
        trunk_deg, heels_deg = sample.trunk_deg, sample.heels_deg
        if standing >= 1.0 or (pose is None and standing == 0.0):
            # The person lies as before, whatever the model makes of somebody with the arms up.
            trunk_deg, heels_deg = self._arms_down.trunk_deg, 0.0
        if pose is not None and (up == 2.0 or standing >= 1.0):
            # The model may take one of two arms that are plainly up for a leg (rendered clips).
            heels_deg = lower_heel(pose)
        self._gesture, shown = gestures.step(self._gesture, sample.time_s, up, trunk_deg, heels_deg)
        if shown is None or not (self._readiness.ready or self._paused):
            return
        if self._paused or shown is not gestures.Gesture.BOTH_ARMS:
            self._pause(sample.time_s, Cue.PAUSED if shown is gestures.Gesture.ONE_ARM else Cue.PAUSED_OR_SET_DONE)
        if shown is gestures.Gesture.BOTH_ARMS:
            self._next(sample.time_s)

    def _pause(self, time_s: float, cue: Cue = Cue.PAUSED) -> None:
        self._paused = not self._paused
        if self._paused:
            self._stop_counting()
        self._announcements.append(Announcement(cue if self._paused else Cue.RESUMED))

    def _restart(self, time_s: float) -> None:
        """Start the set again: its reps are removed from the record."""
        self._stop_counting(keep=False)
        self._process([self._counter.remove(time_s, rep.number) for rep in self._session.reps])
        self._apply(session.restart_set(self._session))

    def _next(self, time_s: float) -> None:
        """End the set, or the rest."""
        if not self._session.resting:
            self._stop_counting()
        self._apply(session.on_next(self._goals, self._session, time_s))

    def _add(self, time_s: float) -> None:
        self._process([self._counter.add(time_s)])

    def _remove(self, time_s: float) -> None:
        """Remove the newest full rep of this set from the record."""
        full = [rep for rep in self._session.reps if rep.full]
        if full:
            self._process([self._counter.remove(time_s, full[-1].number)])
            self._apply(session.on_rep_removed(self._goals, self._session, full[-1].number, time_s))

    def _set_target(self, time_s: float) -> None:
        """Count the partial reps just done, and from now on all that reach as high."""
        reps = target.reps_in_reach(self._session.reps)
        if not reps:
            self._announcements.append(Announcement(Cue.NO_TARGET))
            return
        target_deg = target.target_for(reps)
        self._config = replace(self._config, full_deg=target_deg)
        self._process([self._counter.set_target(time_s, target_deg, [rep.number for rep in reps])])

    def _offer_target(self) -> None:
        """Offer, once in a session, to count partial reps that all reach the same height."""
        if target.is_offer_due(self._session.reps) and not self._target_offered:
            self._target_offered = True
            self._announcements.append(Announcement(Cue.OFFER_TARGET))

    def _stop_counting(self, *, keep: bool = True) -> None:
        """Reset the counter; `keep` records a rep that this completes."""
        updates = self._counter.end()
        self._last_update = None
        if keep:
            self._process(updates)

    def _process(self, updates: Iterable[Update]) -> None:
        """Record counter updates, then announce their reps."""
        for counted in updates:
            update = self._with_sets(counted)
            self._today = self._record(update)
            self._updates.append(update)
            self._last_update = update if update.sample else self._last_update
            for event in update.events:
                if isinstance(event, Rep):
                    self._announce_rep(event)
                    self._offer_target()
                elif isinstance(event, TargetSet):
                    self._apply(session.on_target_set(self._goals, self._session, event, self._today))

    def _with_sets(self, update: Update) -> Update:
        """The update with the sets of the session, which ends them by plan and key as well."""
        if not update.events:
            return update
        events = [
            replace(event, set=session.set_of(self._session, event)) if isinstance(event, Rep) else event
            for event in update.events
        ]
        return replace(update, events=tuple(events))

    def _announce_rep(self, rep: Rep) -> None:
        self._apply(session.on_rep(self._goals, self._session, rep, self._today))
        same_set = [other for other in self._session.reps if other.set == rep.set] or [rep]
        self._feedback, cue = feedback.on_rep(self._feedback, rep, same_set)
        if cue is not None:
            self._announcements.append(Announcement(cue))

    def _apply(self, transition: session.Transition) -> None:
        self._session, announcements = transition
        self._announcements.extend(announcements)

    def _live_update(self, time_s: float, frame: Frame | None, pose: Pose | None, camera_hz: float) -> LiveUpdate:
        self._pass_time(time_s)
        if frame is not None:
            self._measure_rate(time_s, camera_hz)
            self._remind(time_s, _PATIENCE_IN_SET_S if self._session.reps else _PATIENCE_S)
        status = self._status(time_s, camera_hz)
        updates, announcements = tuple(self._updates), tuple(self._announcements)
        self._updates, self._announcements = [], []
        return LiveUpdate(time_s, frame, pose, self._side, status, updates, announcements)

    def _pass_time(self, time_s: float) -> None:
        """Let time pass for set and rest; in a pause for neither, and without a picture for the rest alone."""
        passed_s, self._now_s = max(time_s - self._now_s, 0.0), time_s
        if self._paused or self._camera_fault is not None:
            self._session = session.hold(self._session, passed_s, rest=self._paused)
        if not self._paused:
            moving = self._last_update is not None and self._last_update.phase in _MOVING
            self._apply(session.on_tick(self._config, self._goals, self._session, time_s, moving=moving))

    def _measure_rate(self, time_s: float, camera_hz: float) -> None:
        """Update the rate of analysed frames, and announce once that it is too low: the camera loop skips frames."""
        self._rate.see(time_s, camera_hz)
        if self._rate.too_slow and not self._slow_announced:
            self._slow_announced = True
            self._announcements.append(Announcement(Cue.SLOWED_DOWN, round(self._rate.hz)))

    def _remind(self, time_s: float, patience_s: float) -> None:
        """Announce a lasting problem, unless it does not matter now: nobody has to lie down for a rest."""
        matters = not (self._paused or self._session.resting)
        problem = self._readiness.problem if matters else None
        insist = matters and not self._readiness.ready
        self._reminder, due = readiness.update_reminder(self._reminder, time_s, problem, patience_s, insist=insist)
        if due is not None:
            self._announcements.append(Announcement(due))

    def _stage(self) -> Stage:
        if self._camera_fault is not None:
            return Stage.NO_PICTURE
        if self._paused:
            return Stage.PAUSED
        stage = session.stage(self._session)
        return Stage.PLACING if stage is Stage.COUNTING and not self._readiness.ready else stage

    def _problem(self) -> Cue | None:
        """What is wrong now, what prevents counting first."""
        position = self._readiness.problem
        if self._camera_fault is not None or (position is not None and not self._readiness.ready):
            return self._camera_fault or position
        if self._camera_slow:
            return Cue.CAMERA_SLOW
        return Cue.SLOWED_DOWN if self._rate.too_slow else position

    def _status(self, time_s: float, camera_hz: float) -> SessionStatus:
        state, plan, update = self._session, self._goals.plan, self._last_update
        upright_deg, rest_deg = self._config.full_deg, update.rest_deg if update else nan
        return SessionStatus(
            stage=self._stage(),
            phase=update.phase if update else Phase.UNKNOWN,
            full=state.full,
            partial=len(state.reps) - state.full,
            target=plan.reps,
            set=state.set,
            sets=plan.sets,
            session=state.session,
            today=self._today,
            day_limit=self._goals.day_limit,
            last=state.reps[-1] if state.reps else None,
            lift_deg=update.lift_deg if update else nan,
            upright_deg=upright_deg,
            back_deg=rest_deg + self._config.return_share * (upright_deg - rest_deg),
            problem=self._problem(),
            rest_left_s=session.rest_left_s(self._goals, state, time_s),
            camera_hz=camera_hz,
            analysed_hz=self._rate.hz,
        )
