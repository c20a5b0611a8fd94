"""What the voice plays when, without a voice: announcements in, utterances with their times out."""

from __future__ import annotations

from repcount.audio.scheduler import AnnouncementQueue, Utterance, enqueue, next_announcement
from repcount.coaching.events import Cue

STEP_S = 0.05
"""Time step of the scheduling tests."""


def length_s(utterance: Utterance) -> float:
    """About how long it takes to say it."""
    return 0.5 + 0.06 * max(0, len(utterance.text) - 6)


def played(script: list[tuple[float, Cue, str]]) -> list[tuple[float, Utterance]]:
    """What starts to play when, for a script of (when it became true, cue, text)."""
    coming = sorted((Utterance(cue, text, at_s) for at_s, cue, text in script), key=lambda one: one.created_s)
    queue, current, ends_s, started = AnnouncementQueue(), None, 0.0, []
    for step in range(int((max(one.created_s for one in coming) + 20) / STEP_S)):
        now_s = step * STEP_S
        while coming and coming[0].created_s <= now_s:
            queue = enqueue(queue, coming.pop(0))
        if current and now_s >= ends_s:
            current = None
        queue, utterance = next_announcement(queue, current, max(0.0, ends_s - now_s), now_s)
        if utterance:
            current, ends_s = utterance, now_s + length_s(utterance)
            started.append((now_s, utterance))
    return started
