"""What makes the sound of live counting, in a process of its own; `sinks.voice` starts it and talks to it."""
