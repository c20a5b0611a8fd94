"""Decisions of a live session: readiness, sets and rests, announcements. Pure, like `counting`."""
