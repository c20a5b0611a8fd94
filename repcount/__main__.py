"""Entry point of `repcount` and `python -m repcount`."""

from __future__ import annotations

import sys
from typing import NoReturn

from repcount import interrupts


def main() -> NoReturn:
    """Run the command line and exit. No signal leaves a traceback, not even one during start-up."""
    status: int | str | None = None
    try:
        interrupts.install_handlers()
        from repcount.cli import main as command

        command()
    except KeyboardInterrupt:
        pass
    except SystemExit as exit_:
        status = exit_.code
    interrupts.restore_handlers()
    sys.exit(interrupts.exit_code() or status)


if __name__ == "__main__":
    main()
