"""
Writes the pages, parts of pages, and Oracle scripts that are made from the code; ``--check`` says which are stale.

`make pages` writes, `make verify` checks. Parts stand between ``<!-- generated: name -->`` and ``<!-- end -->``;
everything around them is written by hand. The
stories of the delivery guarantee take the exhaustive exploration, some 20 seconds: ``--check`` looks at them only with
``--slow``, and otherwise leaves them to a test.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent), str(DOCS.parent / "tests" / "unit" / "domain")]

from command_line import command_line  # noqa: E402
from eeszt_api import eeszt_api  # noqa: E402
from markdown_table import table  # noqa: E402
from oracle_scripts import leftovers, shipped_scripts  # noqa: E402
from rules_left_out import AROUND, ASSUMED, GUARDS, RULES, LeftOut, explored  # noqa: E402

from runner.domain.facts import CHOICES, Kind, Option, Registration  # noqa: E402
from runner.domain.formats import FORMATS  # noqa: E402
from runner.domain.outbox import FINAL, TRANSITIONS, State  # noqa: E402
from runner.domain.policy import ASSIGNMENT, LINES, Line  # noqa: E402
from runner.domain.wording import CHOSEN, ENDINGS, KINDS, OPTIONS, RECORDERS, SENDERS  # noqa: E402
from runner.errors import CLASSES, TABLE  # noqa: E402

MEANING = {
    State.NEW: "written by the HIS",
    State.CLAIMED: "leased by a daemon, surely not sent",
    State.SENDING: "stored and permitted, perhaps on the wire",
    State.UNKNOWN: "may or may not have been received; asked after until it is known",
    State.WAITING: "surely not received, will be tried again",
    State.PARKED: "needs a person: login, assignment, decision; `reason_code` says which",
    State.ACCEPTED: "the EESZT has it, verified",
    State.REJECTED: "the EESZT says no",
    State.INVALID: "the record must be mended, and its row written again",
    State.SKIPPED: "a rule says never, or what it depends on did not succeed",
    State.MISSED: "its time is over",
    State.CANCELLED: "taken back by the HIS before it was sent",
}
WHO_SENDS = """\
# Who sends an item, and when

Made from `runner/domain/policy.py` by `docs/generate.py`; the first line that speaks of an item decides. (T n) is the
item of the vendor's partner circular of 2017-09-13; **OPEN** means that no public source decides it and what the line
says is our default. `tests/unit/domain/decision_table.py` says the table a second time, and a test compares the two on
every combination of facts and rules.

{kinds}

{lines}

- *Session now* is a live session of the recorder himself, who must be registered; for R, W, Q, P and O he must also be
  proved (bound by the session handle, or the outbox is `trusted`): who is only asserted counts as not logged in.
- *Login at recording* is stored by the insert: LIVE, he was logged in; LOGIN_DOWN, he was not, and a living daemon knew
  that the login service was down; NONE, he was not.
- *Window* is closed by the database's clock; how long it is says the document type's rule of kind `window`. How long a
  withdrawal (7) and an eProfil (9) may wait is open too: `erecept.visszavonas_ideje`, `eprofil.ideje`.
- Lines B7 are asked after a sender was chosen who may not work at the workplace. What only a doctor may send needs an
  assignment in a doctor's role (`doctor_roles` of the contract pack); the sentence says what is missing. The identity
  is never exchanged for another to get around it.
- What is PARKED with `LOGIN`, `NO_MATCH` or `NOT_REGISTERED` goes by itself when the person has logged in.
- Once bytes may have left, the identity is fixed: retries and probes use it, or wait for it.
- The line that decided, the identity and the versions of the rules that applied are stored: view `EESZT_V_DECISION`,
  command `items story`.

## What a site, or a law of its day, may choose

Rules of kind `policy` in `mappings/rules.yaml`, read for the day of the recording; where none is in force, what is
**bold** counts. [Change a rule](../howto/change_a_rule.md) says how. No choice lets what only a doctor may send go
under the technical user.

{options}
"""
ERRORS = """\
# Errors

Made from `runner/errors/` by `docs/generate.py`. Words in braces are filled in; a message reads
`RNR-nnnn <where>: <what>. <what to do>.` and never holds patients' data. The thousand-block says who acts:
1 settings (installer), 2 mapping (its author), 3 the row (who recorded it), 4 login or certificate (its holder),
5 transport (nobody yet), 6 refused by the EESZT (the sender), 7 database (DBA), 8 integrity (security officer),
9 a mistake of ours.

{table}
"""
FORMATS_PAGE = """\
# Formats

Made from `runner/domain/formats.py` by `docs/generate.py`. What a field's `type:` may name; the sentence is what the
ward reads of a value that does not fit. A source that begins with *ours* is public practice or our bound, not the
EESZT's word.

{table}
"""


def states_diagram() -> str:
    """Give the states and their transitions as a Mermaid diagram, without the way back from an end by evidence."""
    arrows = [f"    {before} --> {after}" for before in TRANSITIONS if before not in FINAL for after in ordered(before)]
    ends = [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> NEW", *arrows, *ends, "```"])


def ordered(state: State) -> list[State]:
    """What may follow, in the order of the states."""
    return [after for after in State if after in TRANSITIONS[state]]


def states_table() -> str:
    """Give the states with what they mean and what may follow."""
    rows = ((f"**{state}**", MEANING[state], ", ".join(ordered(state)) or "–") for state in State)
    return table(("state", "meaning", "may become"), rows)


def asked(wanted: bool | None, yes: str, no: str) -> str:  # noqa: FBT001  a column's value, not a switch
    """Give a column that may not matter."""
    return "any" if wanted is None else (no, yes)[wanted]


def listed(names: Iterable[str], everything: int, wanted: int) -> str:
    """Give a list of names, or that all are meant."""
    return "any" if wanted in {0, everything} else "; ".join(names)


def line_row(line: Line) -> tuple[str, ...]:
    """Give one line of the decision table as it stands on the page."""
    kinds = " ".join(sorted(line.kinds, key=list(Kind).index)) if len(line.kinds) < len(Kind) else "any"
    recorders = (RECORDERS[each] for each in Registration if each in line.recorders)
    if line.sender is not None:
        result = f"**{SENDERS[line.sender]}**"
    else:
        assert line.outcome is not None
        sentence = (line.outcome.status_text or "").format(what="…")
        result = f"{ENDINGS[line.outcome.ending]} `{line.outcome.reason_code}` „{sentence}”"
    return (
        line.number,
        kinds,
        listed(recorders, len(Registration), len(line.recorders)),
        listed((each for each in ("LIVE", "NONE", "LOGIN_DOWN") if each in line.logins), 3, len(line.logins)),
        asked(line.session, "yes", "no"),
        asked(line.certificate, "yes", "no"),
        asked(line.open, "open", "closed"),
        asked(line.prescriber, "himself", "another"),
        f"`{line.rule[0]}` says {line.rule[1]}" if line.rule else "",
        result,
        line.source.replace("OPEN", "**OPEN**"),
    )


def option_row(option: Option) -> tuple[str, ...]:
    """Give one rule of kind policy with what it may say."""
    numbers = dict.fromkeys(line.number for line in (*LINES, *ASSIGNMENT) if line.rule and line.rule[0] is option)
    first, *others = (CHOSEN[choice] for choice in CHOICES[option])
    return f"`{option}`", ", ".join(numbers), OPTIONS[option], "; ".join([f"**{first}**", *others])


def who_sends() -> str:
    """Give the page of the decision table."""
    heads = ("#", "kind", "recorder", "login at recording", "session now", "technical user", "window", "prescriber")
    rows = map(line_row, (*LINES, *ASSIGNMENT))
    kinds = table(("kind", "what it is"), ((kind, KINDS[kind]) for kind in Kind))
    lines = table((*heads, "if the rule", "who sends, or what becomes of it", "source"), rows)
    options = table(("rule", "line", "of whom it speaks", "what it may say"), map(option_row, Option))
    return WHO_SENDS.format(kinds=kinds, lines=lines, options=options)


def errors() -> str:
    """Give the page of the runner's faults."""
    rows = (
        (f"RNR-{number}", CLASSES[number // 1000].__name__, entry.text, entry.remedy)
        for number, entry in sorted(TABLE.items())
    )
    return ERRORS.format(table=table(("number", "class", "what", "what to do"), rows))


def formats() -> str:
    """Give the page of the formats that a mapping's ``type`` may name."""
    rows = ((f"`{each.name}`", each.title_hu, each.sentence_hu, each.source) for each in FORMATS.values())
    return FORMATS_PAGE.format(table=table(("type", "what it is", "sentence", "source"), rows))


def rules_table(rules: dict[str, LeftOut]) -> str:
    """Give rules with the harm that the exploration finds without them."""

    def harm(rule: LeftOut) -> str:
        by_harm: dict[str, list[str]] = {}
        for kind, wrong in rule.harm.items():
            by_harm.setdefault(wrong, []).append(kind)
        return "; ".join(f"{wrong} ({', '.join(kinds)})" for wrong, kinds in by_harm.items())

    return table(("rule", "what it says", "without it"), ((f"`{n}`", r.says, harm(r)) for n, r in rules.items()))


def stories() -> str:
    """Give the shortest story of what goes wrong without each rule, for the first kind of item that it concerns."""
    told = []
    for name, rule in RULES.items():
        kind = next(iter(rule.harm))
        found = explored(name, kind)
        told += [f"- **`{name}`**, {kind}: {' → '.join(found.story)} → *{found.wrong}*"]
    return "\n".join(told)


PARTS: dict[str, Callable[[], str]] = {
    "states diagram": states_diagram,
    "states table": states_table,
    "guards": lambda: rules_table(GUARDS),
    "around": lambda: rules_table(AROUND),
    "assumed": lambda: rules_table(ASSUMED),
    "stories": stories,
}
SLOW = {"stories"}
PAGES: dict[str, Callable[[], str]] = {
    "reference/who_sends.md": who_sends,
    "reference/errors.md": errors,
    "reference/formats.md": formats,
    "reference/cli.md": command_line,
    "reference/eeszt_api.md": eeszt_api,
}
PAGES_WITH_PARTS = ("explanation/states.md", "explanation/delivery_guarantee.md")
PART = re.compile(r"(<!-- generated: ([a-z ]+) -->\n)(.*?)(\n<!-- end -->)", re.DOTALL)


def with_parts(text: str, *, slow: bool) -> str:
    """Give a page with its generated parts made anew."""
    return PART.sub(
        lambda part: part[0] if part[2] in SLOW and not slow else f"{part[1]}{PARTS[part[2]]()}{part[4]}", text
    )


def current(*, slow: bool = False) -> dict[Path, str]:
    """Give every generated page as it should be."""
    pages = {DOCS / name: make() for name, make in PAGES.items()}
    for name in PAGES_WITH_PARTS:
        pages[DOCS / name] = with_parts((DOCS / name).read_text(encoding="utf-8"), slow=slow)
    return pages | shipped_scripts()


def stale(*, slow: bool = False) -> list[str]:
    """Give the files that are not as they should be, relative to the project."""
    pages = current(slow=slow).items()
    wrong = [path for path, text in pages if not path.exists() or path.read_text("utf-8") != text]
    return [str(path.relative_to(DOCS.parent)) for path in (*wrong, *leftovers())]


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only compare them."""
    if "--check" in arguments:
        names = stale(slow="--slow" in arguments)
        print(*(f"{name} is out of date: run `make pages`" for name in names), sep="\n", end="\n" * bool(names))
        return int(bool(names))
    for path, text in current(slow=True).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in leftovers():
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
