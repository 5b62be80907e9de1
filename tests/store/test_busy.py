"""MedWorkS holds a transaction open: nothing of ours is changed, waited for without end, or lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.domain.outbox import State, WardAnswer
from runner.errors import StoreError
from runner.ports import WriteBack
from tests.support.rows import Lab, claim, completion, new_item, request, sent


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A database whose writes wait for a tenth of a second only."""
    lab = Lab(tmp_path, busy_s=0.1)
    yield lab
    lab.store.close()


@contextmanager
def open_write(lab: Lab) -> Iterator[None]:
    """MedWorkS has written and not committed yet."""
    connection = lab.connect()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO MW_VENY (VENY_ID) VALUES (1)")
    yield
    connection.execute("ROLLBACK")
    connection.close()


def test_every_writing_verb_says_so_and_changes_nothing(lab: Lab) -> None:
    ids = [lab.insert() for _ in range(2)]
    items = claim(lab, limit=1)
    verbs: list[Callable[[], object]] = [
        lambda: claim(lab),
        lambda: lab.store.outbox.permit([request(items[0])]),
        lambda: lab.store.outbox.complete([completion(items[0], eeszt_id="SIM-1")]),
        lambda: lab.store.outbox.beat({"background": 0.0}, "one"),
        lambda: lab.store.desk.submit(new_item()),
        lambda: lab.store.desk.withdraw(ids[1], "kovacs.anna"),
        lab.store.logins.next_login_id,
    ]
    before = [lab.record(item) for item in ids]
    with open_write(lab):
        for verb in verbs:
            with pytest.raises(StoreError, match="RNR-7001"):
                verb()
    assert [lab.record(item) for item in ids] == before
    for verb in verbs[:2]:
        verb()
    assert lab.row(ids[0]).state is State.SENDING


def test_reading_goes_on(lab: Lab) -> None:
    lab.insert()
    with open_write(lab):
        assert not lab.store.outbox.is_paused("background")
        assert lab.store.outbox.next_due_s("background") == 0.0
        assert len(lab.store.desk.rows("SELECT * FROM EESZT_V_STATUS")) == 1
        assert lab.store.outbox.sweep("background") == {}


def test_a_ward_is_told_to_wait_rather_than_wrongly(lab: Lab) -> None:
    item = lab.insert("erecept_feliras")
    with open_write(lab):
        assert lab.store.desk.decide(item) is WardAnswer.WAIT
    assert lab.store.desk.decide(item) is WardAnswer.PAPER


def test_a_copy_waits_for_the_next_round(lab: Lab) -> None:
    item = sent(lab, lab.insert("erecept_feliras"))
    lab.run("INSERT INTO MW_VENY (VENY_ID) VALUES (9001)")
    copy = WriteBack("MW_VENY", {"VENY_ID": 9001}, {"EESZT_VONALKOD": "SIM-1"})
    lab.store.outbox.complete([completion(item, eeszt_id="SIM-1", write_backs=[copy])])
    with open_write(lab):
        assert lab.store.outbox.write_back(10) == {"locked": 1}
    assert lab.store.outbox.write_back(10) == {"written": 1}


def test_a_write_that_is_committed_in_time_is_waited_for(tmp_path: Path) -> None:
    lab = Lab(tmp_path, busy_s=10)
    item = lab.insert()
    connection = lab.connect()
    connection.execute("BEGIN IMMEDIATE")
    claimed: list[int] = []
    thread = threading.Thread(target=lambda: claimed.extend(each.row.item_id for each in claim(lab)))
    thread.start()
    assert claimed == []
    connection.execute("COMMIT")
    thread.join(10)
    assert claimed == [item]
    connection.close()
    lab.store.close()


def test_the_hospital_is_not_held_up_by_reading(lab: Lab) -> None:
    with lab.store._database.connections.reading() as connection:
        cursor = connection.execute("SELECT * FROM EESZT_TRANSITION")
        cursor.fetchone()
        assert lab.insert() == 1
        cursor.close()
