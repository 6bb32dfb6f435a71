"""Run `python -m break_glass`, or the file that holds this program and all that it needs."""

import sys

from break_glass.cli import main

if __name__ == "__main__":
    sys.exit(main())
