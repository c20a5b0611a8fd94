"""Where one person is looked at: in the whole picture, as it is or changed, or in a part of it."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, isnan, nan

from repcount.pose import angles, closer, levels
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
        self._searches, self._searched_s = 0, nan
        self._parts = 0
        """How many of the searches were in parts."""
        self._searched: Area | _Change | None = None
        """In which part the last search was, or what was done to the picture for it."""

    def look_at(self, what: Area | _Change | None) -> None:
        """At a part of the picture, at all of it changed, or at all of it as it is (None).

        Nothing is known yet of how well somebody is seen there.
        """
        self.part, self._change = (None, what) if callable(what) else (what, None)
        self._seen = 1.0

    def prepare(self, frame: Frame) -> Frame:
        """`frame`, changed if that shows more."""
        return frame if self._change is None else self._change(frame)

    def is_search_due(self, time_s: float) -> bool:
        """Whether the person followed was seldom seen lately, and the last look at a part was some time ago."""
        return not (self._seen > _SELDOM or time_s - self._searched_s < _SEARCH_EVERY_S)

    def search(self, frame: Frame, landmarker: Landmarker) -> list[Pose]:
        """Who lies in the next part of the picture, or in all of it once it is changed."""
        change = _CHANGES[self._searches % len(_CHANGES)]
        self._searches, self._searched_s = self._searches + 1, frame.time_s
        if change is not None:
            self._searched = change
            people = landmarker.detect(change(frame))
        else:
            parts = closer.parts(frame)
            self._searched = part = parts[self._parts % len(parts)]
            self._parts += 1
            people = closer.detect(landmarker, frame, part)
        return [pose for pose in people if angles.is_lying_on_back(pose)]

    def attend(self, frame: Frame, lying: Pose | None) -> None:
        """Take note of the person followed, if seen to lie in `frame`, and look there from now on."""
        passed_s = 0.0 if isnan(self._seen_s) else frame.time_s - self._seen_s
        kept = exp(-passed_s / _SEEN_S)
        self._seen, self._seen_s = kept * self._seen + (1.0 - kept) * (lying is not None), frame.time_s
        if self.part is not None or self._change is not None:
            if self._seen < _SELDOM:
                self.look_at(None)
        elif lying is not None and self._searched_s == frame.time_s:
            self.look_at(self._searched if callable(self._searched) else closer.around(lying, frame))
