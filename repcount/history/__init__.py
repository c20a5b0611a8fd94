"""The history of live sessions: an SQLite file, and totals over it."""
