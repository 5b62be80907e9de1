"""
Where every error of Oracle and of its driver ends: one table says what it means and who acts.

A fault names the code, the object and the remedy. Texts of Oracle may quote what a row holds, and those of triggers
hold whatever their author wrote, so of a text only names of objects are taken over, never the rest.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import oracledb

from runner.errors import IN_DOUBT, RunnerError, fault

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What is to be done after an error."""

    RETRY = "RETRY"  # the session is well: try again
    RECONNECT = "RECONNECT"  # the session is gone: begin another
    STOP = "STOP"  # it fails until a person acts; trying again does no harm
    ITEM = "ITEM"  # one row's fault: the others go on


LOST, UNREACHABLE, NO_SESSION, TOO_SLOW, LOCKED, OLD_SNAPSHOT = 7401, 7403, 7404, 7405, 7406, 7407
PASSWORD, ACCOUNT, FULL, MISSING, TRIGGER, VALUE, READ_ONLY = 7408, 7409, 7410, 7411, 7412, 7413, 7414
FAIL_OVER, WAY, OTHER, UNREADABLE, SOURCE = 7415, 7416, 7417, 7418, 7421

KINDS: Mapping[int, Kind] = {
    LOST: Kind.RECONNECT,
    UNREACHABLE: Kind.RECONNECT,
    NO_SESSION: Kind.RETRY,
    TOO_SLOW: Kind.RECONNECT,
    LOCKED: Kind.RETRY,
    OLD_SNAPSHOT: Kind.RETRY,
    PASSWORD: Kind.STOP,
    ACCOUNT: Kind.STOP,
    FULL: Kind.STOP,
    MISSING: Kind.STOP,
    TRIGGER: Kind.ITEM,
    VALUE: Kind.ITEM,
    READ_ONLY: Kind.RECONNECT,
    FAIL_OVER: Kind.RECONNECT,
    WAY: Kind.STOP,
    OTHER: Kind.STOP,
    UNREADABLE: Kind.ITEM,
    SOURCE: Kind.ITEM,
}
"""Fault → what is to be done."""

CODES: Mapping[int, str] = {
    LOST: "ORA-00028 ORA-01012 ORA-01041 ORA-02396 ORA-02399 ORA-03113 ORA-03114 ORA-03135 ORA-12570 ORA-12571"
    " ORA-12583 ORA-12592 ORA-07445 ORA-31600 DPY-1001 DPY-4011 DPY-4035 DPY-5000 DPI-1010 DPI-1080",
    UNREACHABLE: "ORA-00018 ORA-00020 ORA-01033 ORA-01034 ORA-01035 ORA-01089 ORA-01090 ORA-01092 ORA-01109 ORA-12170"
    " ORA-12502 ORA-12505 ORA-12514 ORA-12516 ORA-12518 ORA-12519 ORA-12520 ORA-12521 ORA-12526 ORA-12527"
    " ORA-12528 ORA-12532 ORA-12535 ORA-12537 ORA-12541 ORA-12543 ORA-12545 ORA-12547 ORA-12560 ORA-12564"
    " ORA-12606 ORA-12609 ORA-12757 ORA-27101 ORA-29548 DPY-4010 DPY-6000 DPY-6001 DPY-6003 DPY-6005",
    NO_SESSION: "DPY-4005 DPY-1002 DPI-1067 ORA-24418 ORA-24459 ORA-24496",
    TOO_SLOW: "DPY-4024 ORA-01013 ORA-03136 ORA-02391 ORA-02392 ORA-02393 ORA-02394 ORA-02395",
    LOCKED: "ORA-00054 ORA-00060 ORA-02049 ORA-04020 ORA-04021 ORA-04061 ORA-04065 ORA-04068 ORA-08177 ORA-14403"
    " ORA-30006",
    OLD_SNAPSHOT: "ORA-01555 ORA-01466 ORA-08176 ORA-22924",
    PASSWORD: "ORA-01005 ORA-01017 ORA-28001 ORA-28002 ORA-28007 ORA-28011 ORA-28221 DPY-4001",
    ACCOUNT: "ORA-01045 ORA-28000 ORA-28009 ORA-28365 ORA-28040 DPY-3010 DPY-3015",
    FULL: "ORA-00257 ORA-01536 ORA-01562 ORA-01628 ORA-01630 ORA-01631 ORA-01632 ORA-01650 ORA-01651 ORA-01652"
    " ORA-01653 ORA-01654 ORA-01655 ORA-01656 ORA-01658 ORA-01659 ORA-01683 ORA-01685 ORA-01688 ORA-01691"
    " ORA-01692 ORA-01693 ORA-01694 ORA-12953 ORA-12954 ORA-19502 ORA-19809 ORA-30032 ORA-30036 ORA-60019",
    MISSING: "ORA-00904 ORA-00942 ORA-00980 ORA-01031 ORA-01435 ORA-01720 ORA-01775 ORA-02289 ORA-04042 ORA-04043"
    " ORA-04063 ORA-04067 ORA-04098 ORA-06508 ORA-06550 ORA-06575 ORA-28104 ORA-41900",
    TRIGGER: "ORA-04088 ORA-04091 ORA-04092 ORA-06502 ORA-06512 ORA-01403 ORA-01422 ORA-28115",
    VALUE: "ORA-00001 ORA-01400 ORA-01401 ORA-01407 ORA-01426 ORA-01438 ORA-01455 ORA-01461 ORA-01483 ORA-01704"
    " ORA-01722 ORA-01830 ORA-01839 ORA-01840 ORA-01841 ORA-01843 ORA-01847 ORA-01850 ORA-01858 ORA-01861"
    " ORA-01878 ORA-01883 ORA-02290 ORA-02291 ORA-02292 ORA-02293 ORA-12899 ORA-22835 ORA-24816 ORA-40441"
    " DPY-2016 DPY-3002 DPY-3013 DPY-4031",
    READ_ONLY: "ORA-00372 ORA-01456 ORA-01552 ORA-03902 ORA-12985 ORA-16000 ORA-16003 ORA-16004 ORA-16397 ORA-16456",
    FAIL_OVER: "ORA-12153 ORA-25400 ORA-25401 ORA-25402 ORA-25403 ORA-25405 ORA-25408 ORA-25409 ORA-25425 ORA-41409"
    " ORA-41412 ORA-44787 ORA-48913 ORA-10387 DPY-4036",
    WAY: "ORA-12154 ORA-12162 ORA-12203 ORA-12533 ORA-12660 ORA-28759 ORA-28860 ORA-28864 ORA-28868 ORA-29002"
    " ORA-29019 ORA-29024 DPI-1047 DPI-1072 DPY-2017 DPY-2019 DPY-2024 DPY-3001 DPY-4000 DPY-4004 DPY-4017"
    " DPY-4018 DPY-4020 DPY-4021 DPY-4022 DPY-4026 DPY-4027 DPY-4029 DPY-6002 DPY-6004",
    UNREADABLE: "ORA-01406 ORA-12703 ORA-12714 ORA-29275 ORA-40478 DPY-3007 DPY-3022 DPY-4008 DPY-4014 DPY-5004",
}
"""Fault → the codes that mean it; a code that stands nowhere is OTHER, or LOST where the driver says that it passes."""

_OF_CODE: dict[str, int] = {code: number for number, codes in CODES.items() for code in codes.split()}

_APPLICATION = range(20000, 21000)
_CODE = re.compile(r"\b(ORA|DPY|DPI)-(\d{4,5})")
_NAME = r"[A-Za-z_][\w$#]{0,127}"
_TABLE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+((?:\"?{_NAME}\"?\.)?\"?{_NAME}\"?)")
_NAMED = (
    re.compile(rf"(?:table|index|cluster|lobsegment|partition|segment) ({_NAME}\.{_NAME})"),
    re.compile(rf"tablespace '?({_NAME})'?"),
    re.compile(rf"constraint \(({_NAME}\.{_NAME})\)"),
    re.compile(rf'((?:"{_NAME}"\.)*"{_NAME}")'),
    re.compile(rf"(?:trigger|view|package|procedure|unit|object|column) '({_NAME}(?:\.{_NAME})*)'"),
)


def fault_of(error: oracledb.Error, doing: str, *, committing: bool = False, sql: str = "") -> RunnerError:
    """
    Give the fault that an error is.

    Args:
        error: Of the driver or the database.
        doing: Where: the database's address, and what was being done there.
        committing: Whether the statement carried the commit, so that a lost answer leaves it in doubt.
        sql: The statement; where Oracle does not say which object it misses, its tables are named.
    """
    code = code_of(error)
    number = number_of(error)
    if committing and KINDS[number] is Kind.RECONNECT and number not in {UNREACHABLE, READ_ONLY}:
        return fault(IN_DOUBT, doing, code=code)
    named = _named(str(error)) or (_touched(sql) if number == MISSING else "")
    return fault(number, doing, code=code, named=named)


def code_of(error: oracledb.Error) -> str:
    """Give the code of an error: of what a trigger raised, else of the first in its text."""
    details = error.args[0] if error.args else None
    full_code = getattr(details, "full_code", "") or ""
    if full_code:
        return _similar(full_code, str(error))
    found = _CODE.search(str(error))
    return f"{found[1]}-{found[2]}" if found else type(error).__name__


def number_of(error: oracledb.Error) -> int:
    """Give the number of the fault that an error means."""
    code = code_of(error)
    prefix, _, digits = code.partition("-")
    if prefix == "ORA" and digits.isdigit() and int(digits) in _APPLICATION:
        return TRIGGER
    known = _OF_CODE.get(code)
    if known is not None:
        return known
    details = error.args[0] if error.args else None
    if getattr(details, "isrecoverable", False):
        return LOST
    return VALUE if isinstance(error, oracledb.DataError | oracledb.IntegrityError) else OTHER


def is_lost(error: RunnerError) -> bool:
    """Whether the session that met a fault is not to be used any more."""
    return error.number == IN_DOUBT or KINDS.get(error.number) is Kind.RECONNECT


def _similar(code: str, text: str) -> str:
    """Give what stands under a general code of the driver: ``DPY-6005 … ORA-12541`` tells more than ``DPY-6005``."""
    if code in {"DPY-6005", "DPY-4011", "DPY-6000"}:
        for prefix, digits in _CODE.findall(text):
            if f"{prefix}-{digits}" != code and _OF_CODE.get(f"{prefix}-{digits}") is not None:
                return f"{prefix}-{digits}"
    return code


def _touched(sql: str) -> str:
    """Give the tables of a statement, `` of A, B``, or nothing."""
    names = [name for name in _TABLE.findall(sql) if name.upper() not in {"DUAL", "JSON_TABLE"}]
    return " (" + " or ".join(dict.fromkeys(names)) + ")" if names else ""


def _named(text: str) -> str:
    """Give the names of objects in a text, `` of A, B``, or nothing."""
    first = text.splitlines()[0] if text else ""
    names = [name for pattern in _NAMED for name in pattern.findall(first)]
    trigger = re.search(rf"ORA-04088: .*?'({_NAME}(?:\.{_NAME})*)'", text)
    if trigger:
        names.append(trigger[1])
    return " (" + ", ".join(dict.fromkeys(names)) + ")" if names else ""
