"""What people see: the overlay in the window and on videos, and the terminal."""
