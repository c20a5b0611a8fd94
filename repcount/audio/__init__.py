"""What people hear: the voice, tones and pacing ticks, made in a process of their own."""
