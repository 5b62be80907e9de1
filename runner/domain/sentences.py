"""
What the ward reads, in Hungarian: one sentence per reason, never with patients' data.

Sentences that a rule or a document type brings stand in its file; here are those that the protocol and the policy give.
"""

from __future__ import annotations

LONGEST = 1000
"""Characters of what a ward reads, in the database."""

ACCEPTED = "Az EESZT befogadta."
WITHDRAWN = "Visszavonva a felküldés előtt."
WINDOW_CLOSED = "A felküldés határideje lejárt."
WARD_TIMEOUT = "Az EESZT nem válaszolt időben: a papíralapú forma érvényes."
NO_RUNNER = "Az EESZT-kapcsolat nem működik: a papíralapú forma érvényes."
PAPER_WHILE_UNKNOWN = (
    "Az EESZT nem válaszolt időben: a papíralapú forma érvényes; az elektronikust a rendszer visszavonja, ha létrejött."
)
DOUBLE_VALIDITY = "Papíron is kiadták, és elektronikusan is létrejött: a visszavonás folyamatban van."
WITHDRAWAL_DUE = "Az EESZT befogadta, a visszavonása folyamatban van."
WITHDRAWAL_DONE = "Az EESZT-ben visszavonva."
WITHDRAWAL_FAILED = "A visszavonás nem sikerült: azonnali intézkedés szükséges."
PREDECESSOR = "Az előzménye nem sikerült, ezért nem került felküldésre."
NOTHING_TO_WITHDRAW = "Az eredeti nem jött létre az EESZT-ben, nincs mit visszavonni."
ORIGINAL_KEPT = "Az eredeti visszavonása nem sikerült, ezért az marad érvényben; ez nem került felküldésre."
ORIGINAL_UNSURE = (
    "Az eredeti visszavonásának sorsa még nem ismert, addig az is érvényes lehet; az új vár, vagy papíron adható ki."
)
ORIGINAL_STANDS = (
    "Az eredeti visszavonása nem sikerült, tehát érvényes, az új pedig papíron kiadható volt: azonnali intézkedés kell."
)
POISON = "A feldolgozása többször megszakadt: az üzemeltető beavatkozása szükséges."
GIVE_UP = "Nem deríthető ki, hogy az EESZT befogadta-e: az üzemeltető beavatkozása szükséges."
ABSENT = "Az EESZT nem kapta meg, és később már nem küldhető."
RETRY = "Az EESZT nem kapta meg, a rendszer újra küldi."
LOST_ANSWER = "Az EESZT válasza elveszett, a rendszer utánakérdez."
UNKNOWN_ANSWER = "Az EESZT válasza nem értelmezhető, a rendszer utánakérdez."
BAD_ANSWER = "Az EESZT válasza nem hiteles, a rendszer utánakérdez."
NOT_REACHED = "Az EESZT most nem érhető el, a rendszer újra próbálja."
OUTAGE_PAPER = "Az EESZT most nem érhető el: a papíralapú forma érvényes."
OUTAGE_QUERY = "Az EESZT most nem érhető el, a lekérdezés nem teljesíthető."
LOGIN_NEEDED = "EESZT-bejelentkezés szükséges."
LOGIN_NEEDED_TO_ASK = "A sorsa csak EESZT-bejelentkezés után deríthető ki."
NO_WORKPLACE = "A munkahely (WORKPLACE) hiányzik."
NO_OTH_CODE = "A munkahelynek nincs OTH-kódja:"
IDENTIFIER_TAKEN = "Az EESZT olyan azonosítót adott, amely már más tételé: az üzemeltető beavatkozása szükséges."
OTHER_PATIENT = "Az EESZT nem a kérdezett beteg adatát adta vissza: nem jeleníthető meg, az üzemeltető értesült róla."
SEVERAL = "Az EESZT több lehetséges találatot adott: az üzemeltető beavatkozása szükséges."
UNKNOWN_DOCUMENT_TYPE = "Ismeretlen dokumentumtípus."
BAD_PAYLOAD = "A sor tartalma (PAYLOAD) nem érvényes JSON-objektum."
MAPPING_FAULT = "A sor feldolgozása hibába ütközött, az üzemeltető értesítést kapott."
BAD_RECORDED_AT = "A rögzítés ideje (RECORDED_AT) hiányzik, vagy nem értelmezhető."
FILE_CHANGED = "A fájl megváltozott vagy eltűnt, mióta először elküldtük: írjon új sort a mostani fájllal."
RECORDED_AHEAD = "A rögzítés ideje (RECORDED_AT) a jövőben van."
RECORDED_LATE = "A rögzítés óta túl sok idő telt el: a papíralapú forma érvényes."
BAD_FIRST_RECORDED_AT = "Az első rögzítés ideje (FIRST_RECORDED_AT) nem értelmezhető."
DOUBTFUL_LOCAL_TIME = "A rögzítés helyi ideje nem egyértelmű: az óraátállításkor nincs ilyen óra, vagy kétszer is van."
NO_ORIGINAL = "A visszavonandó tétel (WITHDRAWS, SOURCE_KEY vagy ORDER_KEY szerint) nem található."
WITHDRAWAL_DISAGREES = "A visszavonás oszlopai (WITHDRAWS, SOURCE_KEY, ORDER_KEY) nem ugyanarra a tételre mutatnak."
PRESCRIBER_ONLY = "Csak a felíró orvos vonhatja vissza."
COPIED = "Másolt adatbázis: innen nem kerül felküldésre."
SIMULATED = "Az azonosítót nem az EESZT adta: az üzemeltető beavatkozása szükséges."
DUPLICATE = "Ugyanez a rekord már szerepel a felküldendők között, másodszor nem kerül felküldésre."
SECOND_IDENTIFIER = "Az EESZT ugyanerre a tételre második azonosítót adott: az üzemeltető beavatkozása szükséges."
WRITE_BACK_FAILED = "Az azonosító nem írható vissza a MedWorkS táblájába:"
WARD_OVERDUE = "Az osztály nem kapott időben választ, a feldolgozás áll: az üzemeltető beavatkozása szükséges."
UNREADABLE = "Az EESZT válasza ismételten nem értelmezhető: az üzemeltető beavatkozása szükséges."
PAPER = "A papíralapú forma érvényes."

_SAYS_PAPER = "papíralapú forma érvényes"
_SAYS_PAPER_ALREADY = (_SAYS_PAPER, "papíralapú vény érvényes")
_GOES_ON = ", a rendszer "
_CAUSES = {
    LOGIN_NEEDED: "EESZT-bejelentkezés hiányában nem került felküldésre",
    LOGIN_NEEDED_TO_ASK: "Nem deríthető ki, hogy az EESZT befogadta-e",
    MAPPING_FAULT: "A sor feldolgozása hibába ütközött",
}
"""What a person could still do about it is no matter of the ward's once paper is valid."""


def bounded(text: str | None) -> str | None:
    """Give a sentence that is no longer than the database keeps."""
    return text if text is None or len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def on_paper(text: str | None) -> str:
    """Say that the paper form is valid, after the cause; what would still be tried is left out."""
    if text is None:
        return PAPER
    if any(said in text for said in _SAYS_PAPER_ALREADY):
        return text
    if text in _CAUSES:
        cause = _CAUSES[text]
    else:
        head, goes_on, _ = text.partition(_GOES_ON)
        cause = head if goes_on else text.rstrip(".")
    ending = f": a {_SAYS_PAPER}."
    if ":" in cause:
        ending = f". {PAPER}"
    return f"{cause[: LONGEST - len(ending)]}{ending}"


PREDECESSOR_PAPER = on_paper(PREDECESSOR)
"""For a database that cannot say it by itself."""
