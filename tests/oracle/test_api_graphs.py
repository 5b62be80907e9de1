"""What follows from a withdrawal or a verdict for other items is the same by EESZT_API as by ``Work`` on SQLite."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.domain.outbox import State
from tests.support.his import DOCTOR, Hospital, Session
from tests.support.rows import Lab, new_item

ITEMS = 7
"""Items of one graph."""

ENDED = 2
"""Place of the item that is withdrawn, or whose ward asks; others stand before and behind it."""

LEFT = {State.SENDING, State.UNKNOWN, State.ACCEPTED, State.REJECTED}


def graph(chance: random.Random) -> list[dict[str, Any]]:
    """Make items up that depend on, and withdraw, one another; numbers are places in the list."""
    now = datetime.now(UTC)
    items = []
    for place in range(ITEMS):
        state = chance.choice([*State, State.NEW, State.NEW, State.PARKED])
        if place == ENDED and chance.random() < 0.7:
            state = chance.choice([State.NEW, State.WAITING])
        withdraws = chance.choice([None, chance.randrange(place)]) if place else None
        behind = withdraws if withdraws is not None and chance.random() < 0.7 else None
        if behind is None and place and chance.random() < 0.8:
            behind = chance.randrange(place)
        waits = chance.random() < 0.4
        items.append(
            {
                "document_type": "ekat_torles" if withdraws is not None else "ekat_esemeny",
                "state": state.value,
                "withdraws": withdraws,
                "depends_on": behind,
                "needs": chance.choice(["FINAL", "ACCEPTED", "ACCEPTED"]),
                "sent_at": now if state in LEFT or (state is State.PARKED and chance.random() < 0.4) else None,
                "compensation": chance.choice([None, "DUE", "DUE", "FAILED"]) if state is State.ACCEPTED else None,
                "ward_answer": "WAIT" if waits else None,
                "answer_by": now - timedelta(seconds=60) if waits else None,
                "reason_code": chance.choice([None, "PREDECESSOR"]) if state is State.SKIPPED else None,
                "claim_token": "t" if state is State.CLAIMED else None,
            }
        )
    return items


def item(state: State = State.NEW, **facts: Any) -> dict[str, Any]:
    """Make one item up."""
    now = datetime.now(UTC)
    return {
        "document_type": "ekat_torles" if "withdraws" in facts else "ekat_esemeny",
        "state": state.value,
        "needs": "ACCEPTED",
        "sent_at": now if state in LEFT else None,
        "ward_answer": "WAIT",
        "answer_by": now - timedelta(seconds=60),
        "depends_on": None,
        "withdraws": None,
        **facts,
    }


CHAINS = {
    "what waits behind what ended waits for what that waited for": [
        item(State.SENDING),
        item(),
        item(depends_on=0),
        item(depends_on=ENDED),
        item(depends_on=3, needs="FINAL"),
    ],
    "an original learns that its withdrawal ended with its predecessor": [
        item(State.ACCEPTED, compensation="DUE"),
        item(),
        item(),
        item(withdraws=0, depends_on=ENDED),
        item(depends_on=3),
    ],
    "an original learns that its withdrawal ended": [
        item(State.ACCEPTED, compensation="DUE"),
        item(),
        item(withdraws=0, depends_on=0),
        item(depends_on=ENDED),
    ],
}
"""Stories that chance tells too rarely."""


@pytest.mark.parametrize("verb", ["withdraw", "decide"])
@pytest.mark.parametrize("story", CHAINS)
def test_what_follows_in_a_chain_is_the_same_on_both_databases(
    hospital: Hospital, tmp_path: Path, story: str, verb: str
) -> None:
    with hospital.session() as session:
        expected = embedded(Lab(tmp_path), CHAINS[story], verb)
        assert oracled(hospital, session, CHAINS[story], verb) == expected


def numbered(items: Sequence[Mapping[str, Any]], ids: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    """Give places the numbers that a database gave them."""

    def number(name: str, value: Any) -> Any:
        return ids[value] if name in {"withdraws", "depends_on"} and value is not None else value

    return [(ids[place], {n: number(n, v) for n, v in item.items()}) for place, item in enumerate(items)]


def told(records: Sequence[Mapping[str, Any]], ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Give what became of them, without numbers and instants."""
    place = {number: position for position, number in enumerate(ids)}
    columns = ("state", "ward_answer", "compensation", "reason_code", "status_text", "needs", "claim_token")
    return [
        (
            *(record[name] for name in columns),
            place.get(record["depends_on"]),
            place.get(record["withdraws"]),
            record["withdraw_asked_at"] is not None,
            record["next_at"] is not None,
            record["withdraw_asked_by"],
        )
        for record in records
    ]


def embedded(lab: Lab, items: Sequence[Mapping[str, Any]], verb: str) -> list[tuple[Any, ...]]:
    """Play it on SQLite."""
    ids = [lab.store.desk.submit(new_item(recorded_by=DOCTOR)) for _ in items]
    lab.force_many("background", numbered(items, ids))
    if verb == "withdraw":
        lab.store.desk.withdraw(ids[ENDED], DOCTOR)
    else:
        lab.store.desk.decide(ids[ENDED])
    later = lab.run("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id > ? ORDER BY 1", [ids[-1]])
    return told([lab.record(item) for item in [*ids, *(item for (item,) in later)]], ids)


def oracled(
    hospital: Hospital, session: Session, items: Sequence[Mapping[str, Any]], verb: str
) -> list[tuple[Any, ...]]:
    """Play it on Oracle."""
    ids = [session.submit() for _ in items]
    session.commit()
    hospital.force("background", numbered(items, ids))
    session.ask(verb, item_id=ids[ENDED], **({"his_user": DOCTOR} if verb == "withdraw" else {}))
    session.commit()
    later = hospital.run("SELECT item_id FROM EESZT_OUT_BACKGROUND WHERE item_id > :1 ORDER BY 1", [ids[-1]])
    everything = [*ids, *(item for (item,) in later)]
    records = hospital.records("background", everything)
    return told([records[item] for item in everything], ids)


@pytest.mark.parametrize("verb", ["withdraw", "decide"])
def test_what_follows_is_the_same_on_both_databases(hospital: Hospital, tmp_path: Path, verb: str) -> None:
    lab = Lab(tmp_path)
    changed = 0
    with hospital.session() as session:
        for seed in range(40):
            items = graph(random.Random(seed))
            expected = embedded(lab, items, verb)
            assert oracled(hospital, session, items, verb) == expected, f"seed {seed}"
            changed += sum(line[3] == "PREDECESSOR" for line in expected)
    assert changed > 5
