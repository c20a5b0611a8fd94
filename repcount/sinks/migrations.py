"""How the history file is laid out, step by step: step n makes version n of the file."""

from __future__ import annotations

APPLICATION_ID = 0x52455043
"""`REPC`, in the header of the file: it tells a history from any other SQLite database."""

Step = tuple[str, ...]

_FIRST: Step = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # AUTOINCREMENT: the number of a deleted session is never given again, not even while it still counts.
    """
    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_utc TEXT NOT NULL,
        utc_offset_s INTEGER NOT NULL,
        day TEXT NOT NULL,
        source TEXT NOT NULL,
        plan TEXT NOT NULL,
        ended_utc TEXT,
        version TEXT NOT NULL,
        settings TEXT NOT NULL
    )
    """,
    # `day` is reckoned once, when the rep is counted. NULL in a number: not measured.
    """
    CREATE TABLE rep (
        session_id INTEGER NOT NULL REFERENCES session (id),
        day TEXT NOT NULL,
        number INTEGER NOT NULL,
        "set" INTEGER NOT NULL,
        start_s REAL,
        top_s REAL,
        end_s REAL,
        raise_s REAL,
        hold_s REAL,
        lower_s REAL,
        pause_s REAL,
        top_flexion_deg REAL,
        rest_flexion_deg REAL,
        knee_deg REAL,
        "full" INTEGER NOT NULL,
        flags TEXT NOT NULL,
        confidence REAL,
        removed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (session_id, number)
    ) WITHOUT ROWID
    """,
    'CREATE INDEX rep_by_day ON rep (day, "full", removed)',
)

MIGRATIONS: tuple[Step, ...] = (_FIRST,)
"""Each is applied in one transaction. What was released is never changed; the next step is added below."""
