"""Who works in the demonstration's hospital, and whom they treat. Nobody here is real; all identifiers are made up."""

from __future__ import annotations

from dataclasses import dataclass

INSTITUTION = "013579"
TECHNICAL_USER = "TECHNIKAI-013579"
BELGYOGYASZAT = "013579101"
SURGOSSEGI = "013579202"
RONTGEN = "013579303"
GASZTRO = "GASZTRO"
WORKPLACES = {BELGYOGYASZAT: "Belgyógyászati ambulancia", SURGOSSEGI: "Sürgősségi betegellátás"}
UNASSIGNED = {RONTGEN: "Röntgen, ahová senki nincs rendelve"}
WITHOUT_CODE = {GASZTRO: "Gasztroenterológia, OTH-kód nélkül"}


@dataclass(frozen=True, slots=True)
class Person:
    """
    One HIS user.

    Attributes:
        his_user: Name in the HIS.
        name: For the narration.
        eeszt_user: Name in the EESZT, or None.
        doctor: Whether a doctor.
        role: EESZT role.
    """

    his_user: str
    name: str
    eeszt_user: str | None
    doctor: bool
    role: str = "ORVOS"

    @property
    def pecsetszam(self) -> str:
        """Stamp number: what follows the O of a doctor's EESZT user name."""
        return (self.eeszt_user or "")[1:]


KOVACS = Person("kovacs.anna", "Dr. Kovács Anna", "O12345", doctor=True)
SZUCS = Person("szucs.gergo", "Dr. Szűcs Gergő", "O23456", doctor=True)
OROSZ = Person("orosz.ildiko", "Őrsi Ildikó (szakdolgozó)", "SZ34567", doctor=False, role="SZAKDOLGOZO")
BODNAR = Person("bodnar.eszter", "Dr. Bodnár Eszter", "O45678", doctor=True)
HELYETTES = Person("helyettes.pal", "Dr. Helyettes Pál (nincs regisztrálva)", None, doctor=True)
IRNOK = Person("irnok.pal", "Írnok Pál (nem EESZT-felhasználó)", None, doctor=False)
PEOPLE = (KOVACS, SZUCS, OROSZ, BODNAR, HELYETTES, IRNOK)

VENDEG = Person("vendeg.agnes", "Vendég Ágnes (nincs sora)", None, doctor=False)
"""Nobody has matched her: EESZT_USER_MAP has no row of hers."""


def taj(first_eight: str) -> str:
    """
    A TAJ number with its check digit: odd places × 3, even places × 7, sum modulo 10.

    Source: 1996. évi XX. törvény; as in ``runner.domain.formats``.
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 7) for place, digit in enumerate(first_eight))
    return f"{first_eight}{total % 10}"


@dataclass(frozen=True, slots=True)
class Patient:
    """Nobody real."""

    taj: str
    name: str
    born: str


PATIENTS = (
    Patient(taj("03215478"), "Tündérné Világszép Ilona", "1958-03-12"),
    Patient(taj("04518723"), "Háry János", "1941-11-05"),
    Patient(taj("05827364"), "Nyilas Misi", "2014-06-21"),
    Patient(taj("06194835"), "Ágnes asszony", "1969-09-30"),
    Patient(taj("07746215"), "Ludas Matyi", "1987-01-17"),
    Patient(taj("08351926"), "Kőműves Kelemenné Őrzsébet", "1975-12-24"),
)
