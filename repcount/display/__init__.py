"""What people see: the picture in the window and on videos, and the terminal."""
