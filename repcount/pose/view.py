"""Where one person is looked at: in the whole picture, as it is or changed, or in a part of it."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, isnan, nan

from repcount.pose import closer, levels
from repcount.pose.anatomy import is_lying_on_back
from repcount.pose.landmarker import Landmarker
from repcount.pose.masking import Area
from repcount.types import Frame, Pose

_SEEN_S, _SELDOM = 1.0, 0.5
_SEARCH_EVERY_S = 0.13
"""Where a person who lies was seen in less than the second of the frames of about the first, parts of the picture are
looked at, one in each of the third: the model does not find people who are small in the picture. Heuristic: somebody
who is found as usual is back within a few frames."""

_Change = Callable[[Frame], Frame]
_CHANGES: tuple[_Change | None, ...] = (levels.deepen, None, levels.even_out, None, None)
"""What each look in turn is at: the whole picture with more contrast or evened out, else the next part. Clothes like
what is behind them hide people from the model, and so do grain and blocks. Heuristic: the search for small people takes
two thirds longer by that, 2.7 s for all parts of a wide picture."""

_SQUARE_CHANGES: tuple[_Change | None, ...] = (levels.deepen, None)
"""In an upright picture its squares are looked at first, with more contrast and as they are, and at once while nobody
lying has been seen. Of four people seen from the floor, each in 44-65 frames, the model found on the back, detected
anew: 0, 0, 44 and 64 in the whole picture; 46, 2, 44 and 42 in a square as wide as the picture; 46, 49, 44 and 40 in
that with more contrast. Followed in the last they were right in 206 of 207 frames."""


class View:
    """Goes over to a part of the picture, or to the picture changed, where somebody is found in it who is not found
    otherwise, and back to the whole picture once nobody is seen there.
    """

    def __init__(self) -> None:
        self.part: Area | None = None
        """Where in the picture somebody small is followed; None for the whole picture."""
        self._change: _Change | None = None
        """What is done to the picture."""
        self._seen, self._seen_s = 1.0, nan
        """In which share of the frames lately the person followed was seen to lie, and until when that is known."""
        self._has_seen = False
        """Whether anybody was seen to lie there."""
        self._searches, self._searched_s = 0, nan
        self._parts = 0
        """How many of the searches were in parts."""
        self._searched: tuple[Area | None, _Change | None] = None, None
        """In which part the last search was, and what was done to the picture for it."""

    def look_at(self, part: Area | None, change: _Change | None = None) -> None:
        """At a part of the picture or at all of it (None), changed or as it is.

        Nothing is known yet of how well somebody is seen there.
        """
        self.part, self._change = part, change
        self._seen, self._has_seen = 1.0, False

    def prepare(self, frame: Frame) -> Frame:
        """`frame`, changed if that shows more."""
        return frame if self._change is None else self._change(frame)

    def is_search_due(self, frame: Frame) -> bool:
        """Whether the person followed was seldom seen lately, and the last look at a part was some time ago."""
        is_seen = self._seen > _SELDOM and (self._has_seen or not closer.squares(frame))
        return not (is_seen or frame.time_s - self._searched_s < _SEARCH_EVERY_S)

    def search(self, frame: Frame, landmarker: Landmarker) -> list[Pose]:
        """Who lies in the next part of the picture, or in all of it once it is changed."""
        part, change = self._searched = self._next(frame)
        self._searched_s = frame.time_s
        changed = frame if change is None else change(frame)
        people = landmarker.detect(changed) if part is None else closer.detect(landmarker, changed, part)
        return [pose for pose in people if is_lying_on_back(pose)]

    def _next(self, frame: Frame) -> tuple[Area | None, _Change | None]:
        """Which part to look at, or None for the whole picture, and what to do to it."""
        squares = [(square, change) for change in _SQUARE_CHANGES for square in closer.squares(frame)]
        turn = self._searches % (len(squares) + len(_CHANGES))
        self._searches += 1
        if turn < len(squares):
            return squares[turn]
        change = _CHANGES[turn - len(squares)]
        if change is not None:
            return None, change
        parts = closer.parts(frame)
        self._parts += 1
        return parts[(self._parts - 1) % len(parts)], None

    def attend(self, frame: Frame, lying: Pose | None) -> None:
        """Take note of the person followed, if seen to lie in `frame`, and look there from now on."""
        passed_s = 0.0 if isnan(self._seen_s) else frame.time_s - self._seen_s
        kept = exp(-passed_s / _SEEN_S)
        self._seen, self._seen_s = kept * self._seen + (1.0 - kept) * (lying is not None), frame.time_s
        self._has_seen = self._has_seen or lying is not None
        if self.part is not None or self._change is not None:
            if self._seen < _SELDOM:
                self.look_at(None)
        elif lying is not None and self._searched_s == frame.time_s:
            part, change = self._searched
            self.look_at(part and closer.around(lying, frame), change)
            self._has_seen = True
