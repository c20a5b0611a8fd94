"""`repcount` as a program, also `python -m repcount`."""

from __future__ import annotations

import sys
from typing import NoReturn

from repcount import interrupts


def main() -> NoReturn:
    """Run the command line; whatever signal ends it, from the first line on, leaves no traceback."""
    status: int | str | None = None
    try:
        interrupts.install_handlers()
        from repcount.cli import main as command

        command()
    except KeyboardInterrupt:
        pass
    except SystemExit as ended:
        status = ended.code
    interrupts.restore_handlers()
    sys.exit(interrupts.exit_code() or status)


if __name__ == "__main__":
    main()
