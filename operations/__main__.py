"""`python -m operations`, which is `hlf-operations`."""

from operations.cli import main

main()
