"""From a frame to a sample: the pose model, the person who is tracked, the angles of the body."""
