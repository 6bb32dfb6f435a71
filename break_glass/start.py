"""Start the program from its one file. In the words of an old Python, so that one can say that it is too old."""

import sys

NEEDED = (3, 13)


def main() -> int:
    """Run the program, or say which Python it needs."""
    if sys.version_info[:2] != NEEDED:  # what is compiled for one Python does not run on another
        here = ".".join(map(str, sys.version_info[:2]))
        needed = ".".join(map(str, NEEDED))
        sys.stderr.write("Programmet trenger Python " + needed + ", og dette er Python " + here + ".\n")
        sys.stderr.write("This program needs Python " + needed + ", and this is Python " + here + ".\n")
        return 2
    from break_glass.cli import main as run  # noqa: PLC0415 - an older Python cannot read it

    return run()
