"""Where one person is looked at: in the whole picture, in the picture evened out, or in a part of it."""

from __future__ import annotations

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

_EVENED_EVERY = 4
"""Every so many looks are at the whole picture, evened out: grain and blocks hide people from the model, too.
Heuristic: the search for small people takes a third longer by that, 2.2 s for all parts of a wide picture."""


class View:
    """Goes over to a part of the picture, or to the picture evened out, where somebody is found in it who is not found
    otherwise, and back to the whole picture once nobody is seen there.
    """

    def __init__(self) -> None:
        self.part: Area | None = None
        """Where in the picture somebody small is followed; None for the whole picture."""
        self._evened = False
        """Whether the picture is evened out."""
        self._seen, self._seen_s = 1.0, nan
        """In which share of the frames lately the person followed was seen to lie, and until when that is known."""
        self._searches, self._searched_s = 0, nan
        self._searched_part: Area | None = None

    def look_at(self, part: Area | None, *, evened: bool = False) -> None:
        """At a part of the picture, or all of it. Nothing is known yet of how well somebody is seen there."""
        self.part, self._evened, self._seen = part, evened, 1.0

    def prepare(self, frame: Frame) -> Frame:
        """`frame`, evened out if that shows more."""
        return levels.even_out(frame) if self._evened else frame

    def is_search_due(self, time_s: float) -> bool:
        """Whether the person followed was seldom seen lately, and the last look at a part was some time ago."""
        return not (self._seen > _SELDOM or time_s - self._searched_s < _SEARCH_EVERY_S)

    def search(self, frame: Frame, landmarker: Landmarker) -> list[Pose]:
        """Who lies in the next part of the picture, or in all of it once it is evened out."""
        round_, nth = divmod(self._searches, _EVENED_EVERY)
        parts = closer.parts(frame)
        evened = nth == _EVENED_EVERY - 1
        part = self._searched_part = None if evened else parts[(self._searches - round_) % len(parts)]
        self._searches, self._searched_s = self._searches + 1, frame.time_s
        people = landmarker.detect(levels.even_out(frame)) if part is None else closer.detect(landmarker, frame, part)
        return [pose for pose in people if angles.is_lying_on_back(pose)]

    def attend(self, frame: Frame, lying: Pose | None) -> None:
        """Take note of the person followed, if seen to lie in `frame`, and look there from now on."""
        passed_s = 0.0 if isnan(self._seen_s) else frame.time_s - self._seen_s
        kept = exp(-passed_s / _SEEN_S)
        self._seen, self._seen_s = kept * self._seen + (1.0 - kept) * (lying is not None), frame.time_s
        if self.part is not None or self._evened:
            if self._seen < _SELDOM:
                self.look_at(None)
        elif lying is not None and self._searched_s == frame.time_s:
            if self._searched_part is None:
                self.look_at(None, evened=True)
            else:
                self.look_at(closer.around(lying, frame))
