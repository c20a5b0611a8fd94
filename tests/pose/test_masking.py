"""What of an image is painted out."""

from __future__ import annotations

from math import isnan

import numpy as np
from support.bodies import Body, pose

from repcount.pose import angles
from repcount.pose.masking import paint_out, with_arms_unseen
from repcount.types import Frame


def painted(elbow: tuple[float, float]) -> set[str]:
    """Which points near somebody who lies, with an elbow there, are painted out."""
    body = pose(Body(hip_px=(320, 240)))
    body.xy_px[13] = elbow
    image = np.zeros((480, 640, 3), np.uint8)
    image[::8, ::8] = 200
    done = paint_out(Frame(0.0, image), [body]).image[..., 0]
    return {
        name for name, (x, y) in {"hips": (321, 241), "elbow": (301, 101), "beside": (321, 181)}.items() if done[y, x]
    }


def test_who_lies_behind_between_elbow_and_body_is_not_painted_out() -> None:
    assert painted((260, 220)) == {"hips"}
    assert painted((300, 100)) == {"hips", "elbow"}


def test_arms_that_come_out_of_somebody_who_is_painted_out_are_unseen_and_nothing_else() -> None:
    in_front, behind, away = pose(Body()), pose(Body(hip_px=(660, 490))), pose(Body(hip_px=(660, 300)))
    seen = with_arms_unseen(behind, in_front)
    assert set(np.flatnonzero(seen.visibility == 0)) == {13, 14, 15, 16, 17, 18, 19, 20}
    assert isnan(angles.compute_sample(0.0, seen).hands_on_head)
    assert angles.compute_sample(0.0, behind).hands_on_head == 1
    assert (with_arms_unseen(away, in_front).visibility == away.visibility).all()
