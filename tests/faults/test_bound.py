"""Who recorded is proved by the database session: what is written past that is paper, whatever the row says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner import app
from runner.demo.people import BELGYOGYASZAT, KOVACS, PATIENTS, SZUCS, Person
from tests.faults.clinic import Clinic, clinic

pytestmark = pytest.mark.slow


def prescribe(place: Clinic, connection: sqlite3.Connection, person: Person, proof: str | None = None) -> int:
    """Write a prescription's row in a connection of the HIS, as its user or as somebody who says that he is."""
    number = place.stage.medworks.prescribe(person, PATIENTS[0], "210002737", "1 tabletta", send=False)
    cursor = connection.execute(
        "INSERT INTO EESZT_OUT_INTERACTIVE (document_type, source_key, order_key, recorded_by, workplace, recorded_at,"
        " recorder_proof) VALUES ('erecept_feliras', ?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'), ?)",
        (str(number), f"veny-{number}", person.his_user, BELGYOGYASZAT, proof),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def test_only_what_a_bound_session_records_as_its_own_user_goes_up(tmp_path: Path) -> None:
    with clinic(tmp_path / "clinic", people=(KOVACS, SZUCS)) as place, app.opened_his(place.settings) as (_, asked):
        medworks = place.stage.medworks
        with closing(place.connect()) as hers, closing(place.connect()) as strangers:
            medworks.bind(hers, KOVACS.his_user)
            own = prescribe(place, hers, KOVACS)
            others = prescribe(place, hers, SZUCS, "BOUND")
            said = prescribe(place, strangers, KOVACS, "BOUND")
            rows = place.rest(own, others, said)
            assert [(row["state"], row["ward_answer"], row["acting_user"]) for row in rows] == [
                ("ACCEPTED", "PRINT", KOVACS.eeszt_user),
                ("MISSED", "PAPER", None),
                ("MISSED", "PAPER", None),
            ]
            assert asked(hers).bound_user() == KOVACS.his_user
            medworks.log_out(KOVACS)
            assert asked(hers).bound_user() is None
            late = prescribe(place, hers, KOVACS)
            [row] = place.rest(late)
            assert (row["state"], row["ward_answer"]) == ("MISSED", "PAPER")
        assert len([each for each in place.simulator.register() if each["operation"] == "erecept.Feliras"]) == 1
