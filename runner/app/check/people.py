"""Workplaces and people: who reports under which OTH code, and who may work where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from runner.app.check.finding import Finding, Status, ok
from runner.app.check.inspection import Inspection
from runner.domain import formats
from runner.errors import fault
from runner.ports import Desk

_BUDAPEST = ZoneInfo("Europe/Budapest")
_MATCHED = "SELECT his_user, eeszt_user, is_doctor FROM EESZT_USER_MAP WHERE eeszt_user IS NOT NULL ORDER BY his_user"

_DOCTOR = re.compile(r"O[0-9]")
"""A doctor's EESZT user name is O and his stamp number (T5)."""

_MOST_NAMED = 20

_REPORTING = "SELECT workplace, oth_code FROM EESZT_WORKPLACE WHERE reports = 1 ORDER BY workplace"
_ASSIGNED = (
    "SELECT DISTINCT workplace FROM EESZT_USER_WORKPLACE"
    " WHERE eeszt_user = :eeszt_user AND valid_from <= :today AND (valid_to IS NULL OR valid_to >= :today)"
)
_NOWHERE = (
    "SELECT u.his_user FROM EESZT_USER_MAP u WHERE u.registration = 'REGISTERED' AND NOT EXISTS ("
    "SELECT 1 FROM EESZT_USER_WORKPLACE a WHERE a.eeszt_user = u.eeszt_user"
    " AND a.valid_from <= :today AND (a.valid_to IS NULL OR a.valid_to >= :today)) ORDER BY u.his_user"
)


def workplaces(inspection: Inspection) -> Iterator[Finding]:
    """Every reporting workplace without an OTH code, or with a malformed one; the key itself may be the code."""
    rows = inspection.tables.desk.rows(_REPORTING)
    good = 0
    for row in rows:
        workplace, code = str(row["workplace"]), row["oth_code"]
        error = None
        if code is not None and (reason := formats.check("oth", str(code))) is not None:
            error = fault(4332, "EESZT_WORKPLACE", workplace=workplace, code=str(code), reason=reason)
        elif code is None and formats.check("oth", workplace) is not None:
            error = fault(4331, "EESZT_WORKPLACE", workplace=workplace)
        if error is not None:
            yield Finding.of(workplace, Status.FAIL, error)
        good += error is None
    if not rows:
        found = "no workplace reports"
        yield Finding(
            "workplaces", Status.WARN, found, "Fill EESZT_WORKPLACE; see docs/howto/fill_people_and_workplaces.md."
        )
    elif good:
        yield ok("workplaces", f"{good} reporting workplace(s) with a good OTH code")


def technical_user(inspection: Inspection) -> Iterator[Finding]:
    """The technical user may send for each workplace that reports."""
    user = inspection.settings.technical_user
    if user is None:
        yield ok("technical user", "none is configured: everybody who records reportable data must log in")
        return
    desk = inspection.tables.desk
    assigned = {row["workplace"] for row in desk.rows(_ASSIGNED, eeszt_user=user.name, today=_today(inspection))}
    reporting = [str(row["workplace"]) for row in desk.rows(_REPORTING)]
    missing = [workplace for workplace in reporting if workplace not in assigned]
    for workplace in missing:
        error = fault(4333, "EESZT_USER_WORKPLACE", user=user.name, workplace=workplace)
        yield Finding.of("technical user", Status.FAIL, error)
    if not missing:
        yield ok("technical user", f"{user.name} is assigned to {len(reporting)} reporting workplace(s)")


def users(inspection: Inspection) -> Iterator[Finding]:
    """Who is registered but may work nowhere."""
    desk = inspection.tables.desk
    nowhere = [str(row["his_user"]) for row in desk.rows(_NOWHERE, today=_today(inspection))]
    if nowhere:
        more = f" and {len(nowhere) - _MOST_NAMED} more" if len(nowhere) > _MOST_NAMED else ""
        named = ", ".join(nowhere[:_MOST_NAMED]) + more
        yield Finding.of("users", Status.WARN, fault(4334, "EESZT_USER_MAP", users=named))
        return
    yield from _mismatched(desk)
    found = desk.rows("SELECT COUNT(*) AS users FROM EESZT_USER_MAP WHERE registration = 'REGISTERED'")
    yield ok("users", f"{found[0]['users']} registered user(s), each with a workplace")


def _mismatched(desk: Desk) -> Iterator[Finding]:
    """Two HIS users of one identity, and an identity that is not what the user is said to be."""
    matched = desk.rows(_MATCHED)
    users: dict[str, list[str]] = {}
    for row in matched:
        users.setdefault(str(row["eeszt_user"]), []).append(str(row["his_user"]))
    for user, names in sorted(users.items()):
        if len(names) > 1:
            yield Finding.of("users", Status.FAIL, fault(4335, "EESZT_USER_MAP", user=user, users=", ".join(names)))
    for row in matched:
        if bool(row["is_doctor"]) != bool(_DOCTOR.match(str(row["eeszt_user"]))):
            yield Finding.of("users", Status.WARN, fault(4336, "EESZT_USER_MAP", user=row["his_user"]))


def _today(inspection: Inspection) -> date:
    return inspection.now.astimezone(_BUDAPEST).date()
