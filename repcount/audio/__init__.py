"""Sound: the voice, tones and pacing ticks, produced in a separate process."""
