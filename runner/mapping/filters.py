"""Filters of ours: exact, bounded, and telling which column is empty."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.utils import pass_context
from markupsafe import escape

from runner.domain.extra_vonalkod import extra_vonalkod
from runner.mapping.budget import spend
from runner.mapping.values import LONGEST, Empty, Record, wrapped, written
from runner.mapping.values import WIDEST as WIDEST_NUMBER

if TYPE_CHECKING:
    from jinja2.runtime import Context

_HUGE = 10**WIDEST_NUMBER

_SPECIAL = re.compile("[&<>'\"]")
"""What ``markupsafe.escape`` replaces: without one of them a text stays as it is."""
BUDAPEST = ZoneInfo("Europe/Budapest")
"""Days on a prescription are days there."""

WIDEST = 100
"""Most places that ``zfill`` fills."""


def _default(value: Any, default: Any = "") -> Any:
    return default if isinstance(value, Undefined | Empty) or value is None else value


def _join(value: Any, between: str = "") -> str:
    return between.join(text(each, len(between)) for each in value)


def text(value: Any, more: int = 0) -> str:
    """Give a value as it is written into a message, its length counted."""
    shown = written(value)
    spend(len(shown) + more)
    return shown


def escaped(value: Any) -> str:
    """Give a value as ``text`` does, escaped for a template; what a macro gave is escaped already."""
    if type(value) is str and value.isprintable() and len(value) <= LONGEST:  # most are: ``text`` in fewer calls
        spend(len(value))
        shown = value
    else:
        shown = text(value)
    return shown if type(shown) is str and _SPECIAL.search(shown) is None else escape(shown)


def _sum(value: Any, attribute: str | None = None) -> Any:
    numbers = [each.value(attribute) if attribute is not None else each for each in value]
    if not all(is_number(each) for each in numbers):
        raise SecurityError("sum is for numbers only")
    return bounded(sum(numbers))


def _round(value: Any, places: int = 0, method: str = "common") -> Any:
    if not is_number(value) or abs(places) > WIDEST_NUMBER:
        raise SecurityError("round is for numbers, to at most 60 places")
    return DEFAULT_FILTERS["round"](value, places, method)


def bounded(value: Any) -> Any:
    """Give a number back, unless it grows beyond all measure."""
    if isinstance(value, int) and abs(value) >= _HUGE:
        raise SecurityError("a number beyond all measure")
    return value


@pass_context  # so that it is not computed beforehand
def _spend(context: Context, amount: int) -> None:  # noqa: ARG001  Jinja's order
    spend(amount)


def _replace(value: Any, old: str, new: str) -> str:
    text = written(value)
    if len(text) + text.count(old) * len(new) > LONGEST:
        raise SecurityError("replace beyond all measure")
    return text.replace(old, new)


def _zfill(value: Any, width: int) -> str:
    if width > WIDEST:
        raise SecurityError("zfill beyond 100 places")
    return written(value).zfill(width)


def _digits(value: Any) -> str:
    return "".join(each for each in written(value) if each in "0123456789")


def _json(value: Any) -> Any:
    return (
        value if isinstance(value, Record | tuple) else wrapped(json.loads(written(value), parse_float=Decimal), "JSON")
    )


def _extra_vonalkod(day: Any, taj: str, bno: str, jogcim: Any, helyettesitheto: Any, ttt: str) -> str:
    at = day.astimezone(BUDAPEST).date() if isinstance(day, datetime) else day
    return extra_vonalkod(
        at, written(taj), written(bno), written(jogcim), helyettesitheto=bool(helyettesitheto), ttt=written(ttt)
    )


def _sha256(value: Any) -> str:
    if not isinstance(value, bytes):
        raise SecurityError("sha256 is for binary columns")
    return hashlib.sha256(value).hexdigest()


def _decimal(value: str) -> Decimal:
    return Decimal(value)


OURS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "d": _default,
    "join": _join,
    "zfill": _zfill,
    "digits": _digits,
    "extra_vonalkod": _extra_vonalkod,
    "json": _json,
    "replace": _replace,
    "round": _round,
    "sha256": _sha256,
    "sum": _sum,
    "written": text,
    "@spend": _spend,
    "@decimal": _decimal,
}
"""Filters of ours; a name that begins with @ cannot be written in an expression."""

COUNTING = frozenset({"written", "@spend"})
"""Those that count by themselves what they handle."""


def is_number(value: Any) -> bool:
    """Whether a value may be computed with."""
    return isinstance(value, int | Decimal)
