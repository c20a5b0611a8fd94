"""The tables of the history and the migrations that lead to them."""

from __future__ import annotations

APPLICATION_ID = 0x52455043
"""`REPC`, in the file's header: it tells a history from any other SQLite database."""

SHOWN_ADDRESS = "shown_address"
"""The SQL function that turns the address of a camera into what may be shown: without user and password."""

Migration = tuple[str, ...]
"""SQL statements, executed in order. They may call `SHOWN_ADDRESS`."""

_INITIAL: Migration = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # AUTOINCREMENT: the id of a deleted session is never reused, not even while that session is still counting.
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
    # `day` is computed once, when the rep is counted. NULL in a number: not measured.
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

_HIDE_ADDRESSES: Migration = (
    # Sources were stored as they were named, with the user and the password of a camera.
    f"UPDATE session SET source = {SHOWN_ADDRESS}(source) WHERE source IS NOT {SHOWN_ADDRESS}(source)",
)

_PEOPLE_AND_VIDEOS: Migration = (
    # `key` is what two spellings of a name have in common. NULL in `target_deg`: the setting decides.
    """
    CREATE TABLE person (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        key TEXT NOT NULL UNIQUE,
        target_deg REAL
    )
    """,
    # NULL: without a name; not from a video.
    "ALTER TABLE session ADD COLUMN person_id INTEGER REFERENCES person (id)",
    "ALTER TABLE session ADD COLUMN video_sha256 TEXT",
    "CREATE INDEX session_by_person ON session (person_id)",
    "CREATE UNIQUE INDEX session_by_video ON session (video_sha256) WHERE video_sha256 IS NOT NULL",
)

MIGRATIONS: tuple[Migration, ...] = (_INITIAL, _HIDE_ADDRESSES, _PEOPLE_AND_VIDEOS)
"""Migration N brings a file from version N to N + 1, in one transaction.

A released migration is never changed; append a new one. The version is SQLite's `user_version`.
"""
