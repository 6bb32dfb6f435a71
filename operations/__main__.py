"""Run `hlf-operations` as `python -m operations`."""

from operations.cli import main

main()
