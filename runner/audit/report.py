"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.errors import RunnerError, fault

MOST_FINDINGS = 1000
"""More are counted and not listed: a file of rubbish must not fill the memory."""


@dataclass(slots=True)
class Report:
    """
    The result of one verification.

    Attributes:
        chains: How many chains were read.
        segments: How many segments.
        entries: How many entries.
        first_at: When the first one was written, or None.
        last_at: When the last one was written, or None.
        anchors: How many anchors of the database were compared; None: it was not asked.
        destroyed: Segments whose bodies were destroyed when their time was over.
        findings: What was tampered with or lost, in the order of the files; at most ``MOST_FINDINGS``.
        found: How many findings there are.
        notes: What is no tampering and worth knowing, such as a half-written end that was closed.
    """

    chains: int = 0
    segments: int = 0
    entries: int = 0
    first_at: str | None = None
    last_at: str | None = None
    anchors: int | None = None
    destroyed: int = 0
    findings: list[RunnerError] = field(default_factory=list)
    found: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, number: int, where: str, **facts: object) -> None:
        """Take a finding."""
        self.found += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(fault(number, where, **facts))

    def note(self, text: str) -> None:
        """Take what is worth knowing."""
        if len(self.notes) < MOST_FINDINGS:
            self.notes.append(text)
