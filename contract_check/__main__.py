"""Run the program: `python -m contract_check`."""

from contract_check.cli import main

if __name__ == "__main__":
    main()
