"""
The wire is cut at every round trip of every verb, before the request arrives and before its answer is heard.

Whatever was lost, the verb says so or knows what became of it; and a daemon that goes on as it always does brings every
item to its end, under one message identifier.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from runner.domain.outbox import State
from runner.errors import RunnerError
from runner.ports import Item, WriteBack
from tests.support.oracle import OracleDatabase
from tests.support.oracle_lab import OracleLab
from tests.support.rows import LONG_AGO, claim, claim_probes, completion, log_in, request, sent
from tests.support.wire import When, Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COPY = WriteBack("MW_VENY", {"VENY_ID": 1}, {"EESZT_VONALKOD": "SIM-1"})
VERBS = ("claim", "permit", "complete", "claim_probes", "sweep", "write_back", "wake", "retry")
ONE_END = "item_id = ? AND verdict = 'DONE' AND ending = 'ACCEPTED'"

_records = itertools.count(1)
"""A record has one document, so each scene writes another one."""


@contextmanager
def laboratory(database: OracleDatabase) -> Iterator[tuple[OracleLab, Wire]]:
    """A lab whose store reaches the database by a wire that can be cut; its other hands do not."""
    with Wire(database.host, database.port) as wire:
        lab = OracleLab(replace(database, port=wire.port))
        lab.database = database
        try:
            yield lab, wire
        finally:
            lab.close()


def accepted_of(item: Item) -> Any:
    return completion(item, eeszt_id=f"SIM-{item.row.item_id}", write_backs=[COPY])


class Scene:
    """One item on its way; ``verb`` is what the wire is cut in."""

    def __init__(self, lab: OracleLab, verb: str) -> None:
        self.lab, self.verb = lab, verb
        self.item = lab.insert(source_key=f"record-{next(_records)}", payload="{}")
        self.work: Callable[[], Any] = getattr(self, f"_{verb}")()

    def _claim(self) -> Callable[[], Any]:
        return lambda: claim(self.lab, token="cut")

    def _permit(self) -> Callable[[], Any]:
        [item] = claim(self.lab)
        return lambda: self.lab.store.outbox.permit([request(item)])

    def _complete(self) -> Callable[[], Any]:
        item = sent(self.lab, self.item)
        return lambda: self.lab.store.outbox.complete([accepted_of(item)])

    def _claim_probes(self) -> Callable[[], Any]:
        item = sent(self.lab, self.item)
        self.lab.travel(item.row.item_id, 31)
        self.lab.store.outbox.sweep("background")
        self.lab.travel(item.row.item_id, 60)
        return lambda: claim_probes(self.lab)

    def _sweep(self) -> Callable[[], Any]:
        sent(self.lab, self.item)
        self.lab.travel(self.item, 31)
        return lambda: self.lab.store.outbox.sweep("background")

    def _write_back(self) -> Callable[[], Any]:
        item = sent(self.lab, self.item)
        self.lab.store.outbox.complete([accepted_of(item)])
        return lambda: self.lab.store.outbox.write_back(10)

    def _wake(self) -> Callable[[], Any]:
        log_in(self.lab, "O12345", "kovacs.anna")
        self.lab.force((self.item, {"state": "PARKED", "reason_code": "LOGIN", "next_at": None, "state_at": LONG_AGO}))
        return self.lab.store.outbox.wake_missed

    def _retry(self) -> Callable[[], Any]:
        return lambda: self.lab.store.desk.retry(self.item)

    def finish(self) -> None:
        """Go on as daemons do, until it has ended."""
        outbox = self.lab.store.outbox
        for _ in range(12):
            state = self.lab.row(self.item).state
            if state is State.ACCEPTED:
                break
            self.lab.travel(self.item, 61)
            outbox.sweep("background")
            outbox.wake_missed()
            for item in claim(self.lab):
                outbox.permit([request(item)])
                outbox.complete([accepted_of(item)])
            for item in claim_probes(self.lab):
                outbox.complete([replace(accepted_of(item), attempt="PROBE")])
        outbox.sweep("background")
        self.lab.run("UPDATE EESZT_WRITE_BACK SET next_at = ? WHERE next_at IS NOT NULL", [LONG_AGO])
        outbox.write_back(10)


def trips_of(lab: OracleLab, wire: Wire, verb: str) -> int:
    """How many round trips a verb takes, sessions being open."""
    for _ in range(2):
        scene = Scene(lab, verb)
        wire.count()
        scene.work()
        trips = wire.trips
        scene.finish()
    return trips


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", VERBS)
def test_whatever_is_lost_the_item_comes_to_one_good_end(oracle: OracleDatabase, verb: str, when: When) -> None:
    with laboratory(oracle) as (lab, wire):
        lab.put("MW_VENY", {"VENY_ID": 1})
        most = trips_of(lab, wire, verb)
        assert most >= 1
        for trip in range(1, most + 1):
            scene = Scene(lab, verb)
            wire.cut(trip, when)
            with suppress(RunnerError):
                scene.work()
            assert not wire.heal(), f"nothing was cut in round trip {trip} of {most}"
            scene.finish()
            row, item = lab.row(scene.item), scene.item
            assert row.state is State.ACCEPTED, (trip, row)
            assert row.message_id == f"urn:uuid:{item}"
            done = lab.run(f"SELECT ending FROM EESZT_ATTEMPT WHERE {ONE_END}", [item])
            assert len(done) == 1, (trip, done)
            names = lab.run("SELECT name, value FROM EESZT_IDENTIFIER WHERE item_id = ? ORDER BY name", [item])
            assert names == [("barcode", f"SIM-{item}"), ("eeszt_id", f"SIM-{item}")]
            copies = lab.run("SELECT state FROM EESZT_WRITE_BACK WHERE item_id = ?", [item])
            assert copies == [("DONE",)], (trip, copies)
            lab.run("DELETE FROM EESZT_WRITE_BACK WHERE item_id = ?", [item])


def test_a_claim_whose_answer_was_lost_is_known_all_the_same(oracle: OracleDatabase) -> None:
    with laboratory(oracle) as (lab, wire):
        most = trips_of(lab, wire, "claim")
        kept = 0
        for trip in range(1, most + 1):
            scene = Scene(lab, "claim")
            wire.cut(trip, "after")
            items: list[Item] = []
            with suppress(RunnerError):
                items = scene.work()
            wire.heal()
            kept += [item.row.item_id for item in items] == [scene.item]
            scene.finish()
        assert kept >= 1, "at least the commit's lost answer is looked after"


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_claimed_is_worked_on_also_where_the_session_is_lost_right_after(
    oracle: OracleDatabase, when: When
) -> None:
    with laboratory(oracle) as (lab, wire):
        last = trips_of(lab, wire, "claim")
        scene = Scene(lab, "claim")
        wire.cut(last, when)
        assert [item.row.item_id for item in scene.work()] == [scene.item], "a ward would wait for the lease in vain"
        scene.finish()
