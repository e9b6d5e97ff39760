"""The ``kvart`` command: thin, calls the same services as HTTP.

Exit codes: 0 done, 2 the input or the call cannot be used (the message says what to do), 1 anything else.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every expected error becomes one clear message and exit code 2."""
    from analysis.errors import AnalysisError  # noqa: PLC0415 - keeps `kvart --help` quick
    from app.commands import build_program  # noqa: PLC0415
    from app.errors import KvartError  # noqa: PLC0415

    try:
        build_program()()
    except (KvartError, AnalysisError) as error:
        sys.stderr.write(f"kvart: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"       {error.hint}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
