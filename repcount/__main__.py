"""`python -m repcount`."""

from repcount.cli import main

main()
