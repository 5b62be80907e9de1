"""
The command line: a module for each group of commands.

Exit codes: 0 done, 1 refused or failed, 2 usage, 3 needs a person.
"""

from runner.cli.main import main, parser

__all__ = ["main", "parser"]
