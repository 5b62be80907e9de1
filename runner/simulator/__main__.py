"""The simulator as a program of its own: ``python -m runner.simulator``."""

import sys

from runner.simulator.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
