"""What `make verify` makes of pip-audit's word."""

from __future__ import annotations

import json

from tests.dependency_audit import told

CLEAN = {"name": "lxml", "version": "6.1", "vulns": []}
SKIPPED = {"name": "zeep", "skip_reason": "not found"}
BAD = {"name": "x", "version": "1", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["1.1"]}]}


def said(*packages: object) -> tuple[int, list[str]]:
    return told(json.dumps({"dependencies": packages}))


def test_what_is_found_fails_and_is_named() -> None:
    status, lines = said(CLEAN, BAD, SKIPPED)
    assert status == 1
    assert lines == [
        "x 1: CVE-2026-1, mended in 1.1",
        "known vulnerabilities: 1 in 2 packages, 1 could not be checked",
    ]


def test_nothing_found_passes() -> None:
    assert said(CLEAN) == (0, ["known vulnerabilities: 0 in 1 packages, 0 could not be checked"])


def test_without_a_network_it_says_so_and_passes() -> None:
    for output in ("", "{}", "no JSON", json.dumps({"dependencies": [SKIPPED]})):
        assert told(output) == (0, ["known vulnerabilities: not checked: no network"])
