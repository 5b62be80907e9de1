"""
The values that expressions and templates see.

A row is a ``Record``: its names are its columns and nothing else, so that ``row.items`` is a column. NULL, the empty
text and one of blanks alone are ``Empty``: false, equal to none, and an error as soon as they are written. Numbers are
exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from jinja2.runtime import Undefined
from markupsafe import Markup

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no Char of XML 1.0, production 2."""


LONGEST = 10_000_000
"""Most characters of a text; more is a mistake or an attack."""

WIDEST = 60
"""Most digits of a number, before and behind its point."""


class EmptyUsedError(Exception):
    """
    An empty value was written or computed with.

    Attributes:
        label: The column or field that is empty.
    """

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class ForbiddenCharacterError(Exception):
    """A text holds a character that XML forbids."""


class NotWritableError(Exception):
    """A value has no form in XML; the text names its kind, never the value."""


class Empty:
    """A column that is NULL, an empty text or one of blanks alone, or a field that is absent."""

    __slots__ = ("label",)

    def __init__(self, label: str) -> None:
        self.label = label

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or other == "" or isinstance(other, Empty)

    def __hash__(self) -> int:
        return hash(None)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:  # noqa: ARG002
        raise EmptyUsedError(self.label)

    __str__ = __repr__ = __html__ = __format__ = __int__ = __float__ = __call__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = __abs__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __getitem__ = _refuse


PLAIN = frozenset({str, int, bool, Decimal, date, datetime})
"""Types whose values expressions see as they are, but for the empty text; most values are of them."""


class Record:
    """
    Names and values, read only; expressions reach the names and nothing of Python.

    Attributes:
        data: Name → value as it came.
        label: What stands before a name where it is told to people, e.g. ``OSSZETEVOK[2].``.
        lenient: Whether a name that it lacks is an empty one, as in a payload.
    """

    __slots__ = ("data", "label", "lenient")

    def __init__(self, data: Mapping[str, Any], label: str = "", *, lenient: bool = False) -> None:
        self.data = data
        self.label = label
        self.lenient = lenient

    def value(self, name: str) -> Any:
        """
        Give a value as expressions see it.

        Raises:
            KeyError: There is no such name.
        """
        value = self.data.get(name) if self.lenient else self.data[name]
        if type(value) in PLAIN and not is_blank(value):
            return value
        return wrapped(value, f"{self.label}{name}", lenient=self.lenient)

    def __contains__(self, name: object) -> bool:
        return name in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __repr__(self) -> str:
        return f"<record {self.label or 'row'}>"


def is_blank(value: Any) -> bool:
    """Whether a value is a text that says nothing: empty, or of blanks alone, as CHAR columns are filled up."""
    return type(value) is str and (not value or value.isspace())


def wrapped(value: Any, label: str, *, lenient: bool = False) -> Any:
    """Give a value as expressions see it: ``Empty``, ``Record``, tuple of such, or the plain exact value."""
    if value is None or is_blank(value):
        return Empty(label)
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict | Mapping):
        return Record(value, f"{label}.", lenient=lenient)
    if isinstance(value, list | tuple):
        return tuple([wrapped(each, f"{label}[{at}]", lenient=lenient) for at, each in enumerate(value, start=1)])
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def plain(value: Any) -> Any:
    """Undo ``wrapped``: maps, lists, None and plain values."""
    if isinstance(value, Empty):
        return None
    if isinstance(value, Record):
        return {name: plain(value.value(name)) for name in value}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Undefined):
        str(value)  # raises: a name that does not exist
    return value


def written(value: Any) -> str:
    """
    Give a value in XML's form: ``true``, ``2.50``, ``2026-01-02``, ``2026-01-02T03:04:05Z``.

    Raises:
        EmptyUsedError: It is empty.
        ForbiddenCharacterError: A text that XML cannot hold.
        NotWritableError: A map, a list, or no number.
        UndefinedError: A name that does not exist.
    """
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise NotWritableError("a text beyond all measure")
        if not value.isprintable() and _FORBIDDEN.search(value):
            raise ForbiddenCharacterError
        return value
    form = _OF_TYPE.get(type(value)) or next((form for kind, form in _FORMS if isinstance(value, kind)), None)
    if form is not None:
        return form(value)
    if value is None:
        raise EmptyUsedError("none")
    if isinstance(value, Empty | Undefined):
        return str(value)  # raises
    if isinstance(value, Sequence | Record):
        raise NotWritableError("a list" if isinstance(value, Sequence) else "a map")
    if hasattr(value, "__html__"):
        return Markup(value)  # noqa: S704  what a macro gave is escaped already
    raise NotWritableError(type(value).__name__)


def instant(value: datetime) -> str:
    """Give an instant in XML's form, in UTC; fractions of a second only where there are some."""
    if value.tzinfo is None:
        raise NotWritableError("a local time")
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    text = in_utc.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _decimal(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > WIDEST or len(value.as_tuple().digits) > WIDEST:
        raise NotWritableError("a number beyond all measure")  # 1E+999999999 would be a gigabyte of zeros
    return format(value, "f")


def is_whole(value: Decimal) -> bool:
    """Whether a number is a whole one, of a measure that can be one."""
    return value.is_finite() and abs(value.adjusted()) < WIDEST and value == value.to_integral_value()


_FORMS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (float, lambda value: _decimal(Decimal(repr(value)))),
    (Decimal, _decimal),
    (datetime, instant),
    (date, date.isoformat),
)
"""In this order: a bool is an int and an instant is a date."""

_OF_TYPE = dict(_FORMS)
"""The same for values that are exactly of a type, as nearly all are."""
