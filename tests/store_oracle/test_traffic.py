"""What an item costs in round trips and commits: counted by the store, and on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from runner.domain.outbox import Verdict
from runner.ports import Item, Permitted, ServiceReport, WriteBack
from runner.store.oracle.pool import Traffic
from tests.support.oracle import RUNTIME
from tests.support.oracle_lab import OracleLab
from tests.support.oracle_schema import open_store
from tests.support.rows import DIGESTS, completion, request
from tests.support.wire import Wire

pytestmark = pytest.mark.oracle


@contextmanager
def counted(lab: OracleLab) -> Iterator[Traffic]:
    """What goes over the wire meanwhile."""
    before = lab.store.traffic
    was = (before.round_trips, before.commits)
    spent = Traffic()
    yield spent
    spent.round_trips, spent.commits = before.round_trips - was[0], before.commits - was[1]


def warm(lab: OracleLab) -> None:
    """Do everything once: the first time, sessions are begun and statements parsed."""
    lab.insert("erecept_feliras", source_key="warm")
    through(lab, "interactive", 1)


def through(lab: OracleLab, lane: str, limit: int, **facts: Any) -> list[Item]:
    """Claim, permit and complete what is due."""
    outbox = lab.store.outbox
    items = list(outbox.claim(lane, f"t-{limit}-{lane}", limit, 30, DIGESTS))
    assert all(isinstance(each, Permitted) for each in outbox.permit([request(item) for item in items]).values())
    done = [completion(item, eeszt_id=f"ID-{lane}-{item.row.item_id}", **facts) for item in items]
    assert set(outbox.complete(done).values()) == {Verdict.DONE}
    return items


def test_an_interactive_item_takes_at_most_14_round_trips_and_3_commits(lab: OracleLab) -> None:
    warm(lab)
    lab.insert("erecept_feliras", source_key="one", payload="{}")
    copies = [WriteBack("MW_VENY", {"VENY_ID": 1}, {"EESZT_VONALKOD": "x"})]
    with counted(lab) as spent:
        assert lab.store.outbox.look("interactive", DIGESTS).claimable
        assert len(through(lab, "interactive", 10, write_backs=copies)) == 1
    assert spent.round_trips <= 14
    assert spent.commits <= 3


def test_a_hundred_bulk_items_are_claimed_and_completed_in_12_round_trips_and_permitted_in_3(lab: OracleLab) -> None:
    warm(lab)
    for number in range(100):
        lab.insert(source_key=f"k{number}", payload="{}")
    outbox = lab.store.outbox
    with counted(lab) as claimed:
        items = list(outbox.claim("background", "t", 100, 60, DIGESTS))
    with counted(lab) as permitted:
        outbox.permit([request(item) for item in items])
    with counted(lab) as completed:
        verdicts = outbox.complete([completion(item, eeszt_id=f"ID-{item.row.item_id}") for item in items])
    assert len(items) == 100
    assert set(verdicts.values()) == {Verdict.DONE}
    assert claimed.round_trips + completed.round_trips <= 12
    assert claimed.commits + completed.commits <= 3
    assert permitted.round_trips <= 3
    assert permitted.commits <= 1


@pytest.mark.parametrize(
    "verb",
    [
        lambda outbox: outbox.look("background", DIGESTS),
        lambda outbox: outbox.sweep("background"),
        lambda outbox: outbox.beat({"background": 0.0}, "me"),
        lambda outbox: outbox.service_states([ServiceReport("sts", "UP")]),
        lambda outbox: outbox.next_due_s("background"),
    ],
)
def test_an_idle_lane_asks_one_statement_at_a_time(lab: OracleLab, verb: Callable[[Any], Any]) -> None:
    verb(lab.store.outbox)
    with counted(lab) as spent:
        verb(lab.store.outbox)
    assert spent.round_trips == 1


def test_the_count_is_what_the_wire_carries(lab: OracleLab) -> None:
    with Wire(lab.database.host, lab.database.port) as wire:
        store = open_store(replace(lab.database, host="127.0.0.1", port=wire.port), RUNTIME)
        for key in ("warm", "one"):
            lab.insert("erecept_feliras", source_key=key, payload="{}")
            was = store.traffic.round_trips
            wire.count()
            [item] = store.outbox.claim("interactive", f"t-{key}", 10, 30, DIGESTS)
            store.outbox.permit([request(item)])
            store.outbox.complete([completion(item, eeszt_id=f"ID-{key}")])
        assert store.traffic.round_trips - was == wire.trips
        store.close()
