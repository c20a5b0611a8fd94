"""What a live session decides: who is ready, what counts for the set, what is said. Pure, like `counting`."""
