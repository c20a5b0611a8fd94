"""Where updates and results go."""
