"""From samples to reps: filters, the state machine, the rules of a leg raise. Pure: no clock, no file, no frame."""
