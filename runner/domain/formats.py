"""
The formats of the identifiers and codes that go up, checked before anything is sent.

A format says what a value looks like, not whether it is the right one: which codes are valid on a day is the code
tables' business, and which identifiers are never sent (a newborn's, a generated TAJ) is a dated rule's.

Source: each format names its own; where no public source gives it, it says that it is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_TAJ_DIGITS = 9
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Format:
    """
    One format that a mapping may name as a field's ``type``.

    Attributes:
        name: As mappings write it.
        title_hu: Hungarian name, for the ward's sentence.
        sentence_hu: Hungarian sentence that says what is expected; never the value.
        check: Takes the value as text, gives None where it is good, else a short English reason without the value.
        source: Where the format is from; begins with ``ours`` where no public source gives it.
    """

    name: str
    title_hu: str
    sentence_hu: str
    check: Callable[[str], str | None]
    source: str


def _shape(pattern: str, expected: str) -> Callable[[str], str | None]:
    """Give a check that the whole value matches; digits are 0 to 9 only, not what Unicode counts as one."""
    compiled = re.compile(pattern)
    return lambda value: None if compiled.fullmatch(value) else f"expected {expected}"


_TAJ_SHAPE = _shape(r"[0-9]{9}", "9 digits")


def taj_check_digit(first_eight: str) -> int:
    """
    Give the ninth digit of a TAJ number.

    Args:
        first_eight: Its first eight digits; odd places count 3, even places 7.

    Source:
        The check digit's rule as independent public implementations have it, e.g. hunlib4j, CheckIdentityNumbers.
    """
    return (3 * sum(map(int, first_eight[::2])) + 7 * sum(map(int, first_eight[1::2]))) % 10


def _taj(value: str) -> str | None:
    wrong = _TAJ_SHAPE(value)
    if wrong is None and taj_check_digit(value[: _TAJ_DIGITS - 1]) != int(value[-1]):
        return "the check digit is wrong"
    return wrong


def _date(value: str) -> str | None:
    if not _ISO_DAY.fullmatch(value):
        return "expected a day as YYYY-MM-DD"
    try:
        date.fromisoformat(value)
    except ValueError:
        return "there is no such day"
    return None


def _text(value: str) -> str | None:
    if not value.strip():
        return "expected some text"
    return "holds a character that XML forbids" if _NOT_XML.search(value) else None


def _eeszt_felhasznalo(value: str) -> str | None:
    if re.fullmatch(r"O[0-9]*", value):
        return None if re.fullmatch(r"O[0-9]{5}", value) else "expected O and the 5 digits of the stamp number"
    return _shape(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}", "3 to 64 letters, digits, dots, dashes")(value)


_ALL = (
    Format(
        "taj",
        "TAJ-szám",
        "A TAJ-szám kilenc számjegy, az utolsó ellenőrző számjegy.",
        _taj,
        "1996. évi XX. törvény; check digit by weights 3 and 7 as in public implementations, e.g. hunlib4j",
    ),
    Format(
        "pecsetszam",
        "orvosi pecsétszám",
        "Az orvosi pecsétszám öt számjegy.",
        _shape(r"[0-9]{5}", "5 digits"),
        "ours: 5 digits by public practice; no public source of the EESZT gives the length",
    ),
    Format(
        "oth",
        "munkahely OTH (ÁNTSZ) kódja",
        "A munkahely OTH-kódja kilenc számjegy.",
        _shape(r"[0-9]{9}", "9 digits"),
        "e-egeszsegugy.gov.hu and eKRÉTA, instructions for joining: identifier of the organisation unit, 9 digits",
    ),
    Format(
        "szolgaltato",
        "egészségügyi szolgáltató azonosítója",
        "A szolgáltató azonosítója hat számjegy.",
        _shape(r"[0-9]{6}", "6 digits"),
        "e-egeszsegugy.gov.hu and eKRÉTA, instructions for joining: identifier of the provider, 6 digits",
    ),
    Format(
        "bno",
        "BNO-kód",
        "A BNO-kód egy nagybetű, két számjegy és legfeljebb két további jel, pont nélkül (például I10 vagy I10H0).",
        _shape(r"[A-Z][0-9]{2}[A-Z0-9]{0,2}", "a capital letter, 2 digits and up to 2 more, without a dot"),
        "53/2007. EüM rendelet, annex of 2008: 5 characters such as I10H0; the shorter forms are ours",
    ),
    Format(
        "oeno",
        "OENO-kód",
        "Az OENO-kód öt nagybetű vagy számjegy.",
        _shape(r"[0-9A-Z]{5}", "5 capital letters or digits"),
        "ours: 5 characters by public practice; the codes themselves come from the code tables",
    ),
    Format(
        "ttt",
        "TTT-kód",
        "A TTT-kód kilenc számjegy.",
        _shape(r"[0-9]{9}", "9 digits"),
        "53/2007. EüM rendelet: social-insurance product code of 9 digits",
    ),
    Format(
        "atc",
        "ATC-kód",
        "Az ATC-kód egy, három, négy, öt vagy hét jel (például C09AA05).",
        _shape(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?", "an ATC code of level 1 to 5, such as C09AA05"),
        "WHO, structure of the ATC classification: levels of 1, 3, 4, 5 and 7 characters",
    ),
    Format(
        "eeszt_felhasznalo",
        "EESZT-felhasználónév",
        "Az EESZT-felhasználónév orvosnál az O betű és a pecsétszám.",
        _eeszt_felhasznalo,
        "vendor's partner circular T5: doctors are O + stamp number; other users' form is ours",
    ),
    Format(
        "naplosorszam",
        "naplósorszám",
        "A naplósorszám legfeljebb húsz betű, számjegy, kötőjel, perjel vagy pont.",
        _shape(r"[A-Za-z0-9][A-Za-z0-9./-]{0,19}", "1 to 20 letters, digits, dashes, slashes, dots"),
        "ours: no public source gives its form",
    ),
    Format(
        "utlevel",
        "útlevélszám",
        "Az útlevélszám öt–húsz nagybetű vagy számjegy.",
        _shape(r"[A-Z0-9]{5,20}", "5 to 20 capital letters or digits"),
        "ours: passports of all countries, so only bounds",
    ),
    Format(
        "date",
        "dátum",
        "A dátum formája ÉÉÉÉ-HH-NN, létező nappal.",
        _date,
        "ISO 8601, calendar date, extended form; XML Schema 1.0 part 2, date without a time zone",
    ),
    Format(
        "text",
        "szöveg",
        "A szöveg nem lehet üres, és nem tartalmazhat XML-ben tiltott vezérlőkaraktert.",
        _text,
        "XML 1.0, production 2 (Char)",
    ),
)

FORMATS: dict[str, Format] = {each.name: each for each in _ALL}
"""Name → format, in the order of the reference page."""


def check(name: str, value: str) -> str | None:
    """
    Check a value against a format.

    Args:
        name: Key of ``FORMATS``.
        value: The text that would go up, unchanged; surrounding blanks are a fault.

    Returns:
        None where it is good, else a short English reason that does not quote the value.

    Raises:
        KeyError: No format has this name; the mapping loader reports that before.

    Source:
        The format's own ``source``.
    """
    return FORMATS[name].check(value)


def may_be_named(value: str) -> bool:
    """Whether a key or name of the HIS may be shown as it is: it looks like one, is short, and cannot be a TAJ."""
    return _KEY.fullmatch(value) is not None and check("taj", value) is not None
