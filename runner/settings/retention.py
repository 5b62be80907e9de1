"""The section of the settings file that says how long patients' data stays in the outboxes."""

from __future__ import annotations

from dataclasses import dataclass

from runner.settings.forms import Duration


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How long patients' data is kept after its item ended; the defaults are ours, the institution's own rules decide.

    Attributes:
        payload_s: What MedWorkS wrote into the row; a later withdrawal by the runner's own verb is made from it.
        payload_to_mend_s: The same of a REJECTED or INVALID row, since it is mended from it.
        document_s: What went up, as `EESZT_V_SENT` shows it; then only identifiers, times and names stay.
    """

    payload_s: Duration = 30 * 86400.0
    payload_to_mend_s: Duration = 90 * 86400.0
    document_s: Duration = 3650 * 86400.0
