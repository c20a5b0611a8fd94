"""Frames with times: recorded files, cameras and streams, and the videos that are written."""
