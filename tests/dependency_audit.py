"""
Asks for known vulnerabilities of what is installed; where nobody can be asked it says so and goes on.

`make verify` runs it: ``python tests/dependency_audit.py``. Exit status 1: something was found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LONGEST_S = 90
"""How long the network may take."""


def told(output: str) -> tuple[int, list[str]]:
    """Exit status and lines for what pip-audit printed as JSON."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, ["known vulnerabilities: not checked: no network"]
    checked = [each for each in packages if "vulns" in each]
    if not checked:
        return 0, ["known vulnerabilities: not checked: no network"]
    found = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for each in checked
        for one in each["vulns"]
    ]
    missing = len(packages) - len(checked)
    said = f"known vulnerabilities: {len(found)} in {len(checked)} packages, {missing} could not be checked"
    return int(bool(found)), [*found, said]


def main() -> int:
    """Ask, and print what was found."""
    audit = Path(sys.executable).with_name("pip-audit")
    command = [str(audit), "--format", "json", "--progress-spinner", "off", "--skip-editable", "--timeout", "10"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        output = ""
    status, lines = told(output)
    print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
