"""The history of live sessions: an SQLite file, and the sums over it."""
