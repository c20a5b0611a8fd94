"""How well two raters agree on the reps in the same videos, a person and repcount for example. Pure but for reading."""
