"""From what a source holds to what a field's type says, with a Hungarian reason where that cannot be."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

from runner.domain import formats, long_texts
from runner.domain.recording import RECORDED_AHEAD_S
from runner.mapping.values import PLAIN, ForbiddenCharacterError, NotWritableError, Record, is_whole, written

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_BOOLEANS: Mapping[str, bool] = {"0": False, "1": True, "false": False, "true": True}


LARGEST = 20 * 1024 * 1024
"""Most bytes of what goes as base64; ours, no source gives one."""

TOO_LARGE = f"legfeljebb {LARGEST // 1024**2} MB lehet."
"""Why a file cannot go up."""

IN_FUTURE = "a jövőben van."
"""Why a day or an instant cannot go up that has not come yet."""

NOT_XML = "XML-ben tiltott vezérlőkaraktert tartalmaz."
"""Why a text cannot go up that holds what is no Char of XML 1.0."""


FIRST_YEAR = 1850
"""Nothing that goes up is older; ours. A year of two digits (0026) is how a database takes 26 in the wrong format."""

TOO_OLD = f"{FIRST_YEAR} előtti."
"""Why such a day or instant cannot go up."""

NOT_WRITABLE = "ilyen érték nem küldhető."
"""Why a value cannot go up that has no form in XML."""


Day = TypeVar("Day", bound=date)


class BadValueError(Exception):
    """
    A value is not what its field needs.

    Attributes:
        reason: Hungarian clause for the ward, without the value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FileText(str):
    """
    A mark that stands for a file in base64 wherever a document or a message has it.

    Attributes:
        base64: The file.
    """

    __slots__ = ("base64",)
    base64: bytes

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Give the mark of a file, with the file."""
        made = cls(long_texts.mark_of(hashlib.sha256(content).hexdigest()))
        made.base64 = long_texts.encoded(content)
        return made


@dataclass(frozen=True, slots=True)
class Publication:
    """
    Where a list of codes is published.

    Attributes:
        entity: The table's name there.
        code: Its column with the code.
        title: Its column with the meaning.
        valid_from: Its column with the first day.
        valid_to: Its column with the last day.
    """

    entity: str
    code: str
    title: str
    valid_from: str
    valid_to: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """
    Codes that a field may hold.

    Attributes:
        name: As mappings write it.
        title: Hungarian title.
        format: Format of every code, or None.
        codes: The codes; None where only the format is known here.
        publication: Where they are read from, or None.
    """

    name: str
    title: str
    format: str | None
    codes: frozenset[str] | None
    publication: Publication | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a field's value must be.

    Attributes:
        type: Name of a type.
        values: The source's words → ours, or None.
        code_list: The list that it must be in, or None.
        max_length: Most characters of a text, or None.
        past: Whether a day or an instant after the row was written cannot be.
        zone: Zone of local times.
    """

    type: str = "text"
    values: Mapping[str, str] | None = None
    code_list: CodeList | None = None
    max_length: int | None = None
    past: bool = False
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def convert(self, value: Any) -> Any:
        """
        Give the value as the document holds it: text, int, Decimal, bool, date or aware instant.

        Raises:
            BadValueError: It cannot be.
        """
        if type(value) not in PLAIN and isinstance(value, list | tuple | Record):
            raise BadValueError("egyetlen értéknek kell lennie.")
        try:
            if self.values is not None:
                value = self._translated(written(value))
            of_type = TYPES.get(self.type)
            result = of_type(value, self.zone) if of_type is not None else _of_format(self.type, written(value))
            text = result if type(result) is str else written(result)
        except ForbiddenCharacterError:
            raise BadValueError(NOT_XML) from None
        except NotWritableError:
            raise BadValueError(NOT_WRITABLE) from None
        if self.max_length is not None and len(text) > self.max_length:
            raise BadValueError(f"legfeljebb {self.max_length} karakter lehet.")
        if self.code_list is not None:
            self._check_code(self.code_list, text)
        return result

    def check_past(self, value: Any, written_at: datetime | None) -> None:
        """
        Check that a day or an instant is none of the future.

        Raises:
            BadValueError: It is.
        """
        if not self.past or written_at is None:
            return
        latest = written_at + timedelta(seconds=RECORDED_AHEAD_S)
        if value > (latest if isinstance(value, datetime) else latest.astimezone(self.zone).date()):
            raise BadValueError(IN_FUTURE)

    def _translated(self, text: str) -> str:
        assert self.values is not None
        if text not in self.values:
            raise BadValueError(f"lehetséges értékei: {', '.join(self.values)}.")
        return self.values[text]

    @staticmethod
    def _check_code(code_list: CodeList, text: str) -> None:
        if code_list.format is not None:
            _of_format(code_list.format, text)
        if code_list.codes is not None and text not in code_list.codes:
            raise BadValueError(f"nincs ilyen kód ebben a kódtáblában: {code_list.title}.")


def _of_format(name: str, text: str) -> str:
    if formats.check(name, text) is not None:
        sentence = formats.FORMATS[name].sentence_hu
        raise BadValueError(sentence[:1].lower() + sentence[1:])
    return text


def _text(value: Any, zone: ZoneInfo) -> str:  # noqa: ARG001
    return written(value)


def _integer(value: Any, zone: ZoneInfo) -> int:  # noqa: ARG001
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and is_whole(value):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise BadValueError("egész számnak kell lennie.")


def _decimal(value: Any, zone: ZoneInfo) -> Decimal:  # noqa: ARG001
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise BadValueError("számnak kell lennie, tizedesponttal.")


def _boolean(value: Any, zone: ZoneInfo) -> bool:  # noqa: ARG001
    found = _BOOLEANS.get(written(value))
    if found is None:
        raise BadValueError("igen (1) vagy nem (0) lehet.")
    return found


def _date(value: Any, zone: ZoneInfo) -> date:  # noqa: ARG001
    if isinstance(value, datetime):
        if value.time() != time():
            raise BadValueError("napnak kell lennie, időpont nélkül.")
        value = value.date()
    if isinstance(value, str):
        value = date.fromisoformat(_of_format("date", value))
    if isinstance(value, date):
        return _of_our_age(value)
    raise BadValueError("a dátum formája ÉÉÉÉ-HH-NN.")


def _of_our_age(value: Day) -> Day:
    if value.year < FIRST_YEAR:
        raise BadValueError(TOO_OLD)
    return value


def _instant(value: Any, zone: ZoneInfo) -> datetime:
    if isinstance(value, str):
        try:
            local = bool(_LOCAL.fullmatch(value))
            value = datetime.fromisoformat(value)
        except ValueError:
            local = False
        if not isinstance(value, datetime) or (value.tzinfo is None and not local):
            raise BadValueError("az időpont formája ÉÉÉÉ-HH-NN ÓÓ:PP:MM, létező nappal.")
    if not isinstance(value, datetime):
        raise BadValueError("időpontnak kell lennie.")
    _of_our_age(value)
    return value.astimezone(UTC) if value.tzinfo is not None else from_local(value, zone)


def from_local(value: datetime, zone: ZoneInfo) -> datetime:
    """
    Give the instant of a local time.

    Raises:
        BadValueError: The clock was put forward over it, or back so that it is there twice.
    """
    aware = value.replace(tzinfo=zone)
    there_and_back = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if there_and_back != value:
        raise BadValueError("ez az óra az óraátállítás miatt nem létezik.")
    if aware.utcoffset() != aware.replace(fold=1).utcoffset():
        raise BadValueError("ez az óra az óraátállítás miatt kétszer van.")
    return aware.astimezone(UTC)


def _base64(value: Any, zone: ZoneInfo) -> str:  # noqa: ARG001
    if not isinstance(value, bytes):
        raise BadValueError("bináris tartalomnak (BLOB) kell lennie.")
    if len(value) > LARGEST:
        raise BadValueError(TOO_LARGE)
    if len(value) * 4 < long_texts.LONG * 3:
        return base64.b64encode(value).decode("ascii")
    return FileText.of(value)


TYPES: Mapping[str, Callable[[Any, ZoneInfo], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "base64": _base64,
}
"""Types of the language; every format of ``domain.formats`` is one too."""
