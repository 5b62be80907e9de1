"""What the simulator says when it says no, and what it says when it cannot start."""

from __future__ import annotations

from enum import StrEnum


class SimulatorError(Exception):
    """The simulator cannot start or cannot do what it was asked; the text is for the person at the keyboard."""


class Code(StrEnum):
    """The refusals that are the simulator's own; the values are the reference contract's (ours, not the EESZT's)."""

    DUPLICATE = "MAR_RENDBEN"
    EXPIRED = "LEJART_UZENET"
    CLOCK = "HIBAS_IDO"
    BAD_MESSAGE = "HIBAS_UZENET"
    BAD_SIGNATURE = "ALAIRAS_HIBAS"
    SESSION_ENDED = "TOKEN_LEJART"
    WRONG_INSTITUTION = "IDEGEN_INTEZMENY"
    NOT_ALLOWED = "NINCS_JOGOSULTSAG"
    NOT_ASSIGNED = "NINCS_HOZZARENDELES"
    NOT_FOUND = "NEM_TALALHATO"
    OVERLOADED = "TULTERHELT"
    UNAVAILABLE = "BELSO_HIBA"
    WRONG_PASSWORD = "HIBAS_JELSZO"  # noqa: S105  a code, no secret
    USED_PASSWORD = "FELHASZNALT_JELSZO"  # noqa: S105  a code, no secret
    NOT_ACTIVE = "NEM_AKTIV"
    CARD_NOT_ACTIVATED = "KARTYA_NINCS_AKTIVALVA"
    CARD_REFUSED = "KARTYA_IGAZOLAS_HIBAS"


#: What a person may read of a refusal; never a value of the message.
TEXTS: dict[str, str] = {
    Code.DUPLICATE: "Ezzel az üzenetazonosítóval már érkezett elfogadott üzenet.",
    Code.EXPIRED: "Az üzenet érvényessége lejárt.",
    Code.CLOCK: "Az üzenet időbélyege nem elfogadható.",
    Code.BAD_MESSAGE: "Az üzenet szerkezete hibás.",
    Code.BAD_SIGNATURE: "Az üzenet aláírása nem elfogadható.",
    Code.SESSION_ENDED: "A bejelentkezés érvényessége lejárt.",
    Code.WRONG_INSTITUTION: "A bejelentkezés másik intézményé.",
    Code.NOT_ALLOWED: "A műveletre a felhasználónak nincs jogosultsága.",
    Code.NOT_ASSIGNED: "A felhasználó nincs a munkahelyhez rendelve.",
    Code.NOT_FOUND: "A megadott azonosítóval nincs bejegyzés.",
    Code.OVERLOADED: "A szolgáltatás túlterhelt, próbálja később.",
    Code.UNAVAILABLE: "A szimulátor erre a műveletre nem tud válaszolni.",
    Code.WRONG_PASSWORD: "A felhasználónév vagy az egyszer használatos jelszó hibás.",
    Code.USED_PASSWORD: "Ezt az egyszer használatos jelszót már felhasználták.",
    Code.NOT_ACTIVE: "A felhasználó nincs aktiválva.",
    Code.CARD_NOT_ACTIVATED: "A kártya nincs aktiválva.",
    Code.CARD_REFUSED: "A kártya igazolása nem fogadható el.",
}


class Refusal(Exception):  # noqa: N818  it is an answer, not an error
    """The request is answered with a fault of this code."""

    def __init__(self, code: str, *, field: str | None = None, identifier: str | None = None, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        #: What in the message the fault is about; a name, never a value.
        self.field = field
        #: The document that is there already.
        self.identifier = identifier
        #: For the simulator's log only.
        self.why = why
