"""A database that went back in time: the audit log proves what it forgot, and nothing is sent a second time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.demo.people import KOVACS
from tests.faults.clinic import Clinic, clinic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def back_up(site: Clinic, to: Path) -> None:
    with closing(site.connect()) as here, closing(sqlite3.connect(to)) as there:
        here.backup(there)


def restore(site: Clinic, backup: Path) -> None:
    """Put yesterday's content into today's file, as a restore in place does."""
    with closing(sqlite3.connect(backup)) as there, closing(site.connect()) as here:
        there.backup(here)


def test_what_a_restored_database_forgot_is_asked_after_and_never_sent_again(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as site:
        before = site.event()
        site.rest(before)
        site.command("lane", "pause", "background")
        forgotten = site.event()
        back_up(site, tmp_path / "backup.db")
        site.command("lane", "resume", "background")
        lost = site.event()
        site.rest(forgotten, lost)
        site.stage.stop_daemon()
        restore(site, tmp_path / "backup.db")

        refused = site.command("run")
        assert refused.returncode == 1
        assert b"RNR-8022" in refused.stderr

        adopted = site.command("db", "adopt", "--moved", "--json")
        assert adopted.returncode == 3, adopted.stderr
        told = json.loads(adopted.stdout)
        assert told["asked_after"] == [forgotten]
        assert [each["item_id"] for each in told["lost"]] == [lost]

        site.command("lane", "resume", "background")
        site.start_daemon()
        site.log_in(KOVACS)  # sessions of the past ended, and only he may ask after his own
        [row] = site.rest(forgotten, timeout_s=30)
        assert (row["state"], row["attempts"]) == ("ACCEPTED", 1)
        assert len(site.documents(forgotten)) == 1
        assert len(site.simulator.register()) == 3, "three were sent, and nothing twice"
        assert site.event() > lost, "the number of the row that is gone is not given again"


def test_a_daemon_that_is_told_of_a_copy_does_not_start_and_a_copy_for_tests_sends_nothing(tmp_path: Path) -> None:
    with clinic(tmp_path / "site") as site:
        site.command("lane", "pause", "background")
        open_item = site.event()
        site.stage.stop_daemon()
        database = site.stage.site.database
        back_up(site, tmp_path / "copy.db")
        database.unlink()
        for beside in ("-wal", "-shm"):
            database.with_name(database.name + beside).unlink(missing_ok=True)
        (tmp_path / "copy.db").rename(database)
        assert b"RNR-8021" in site.command("run").stderr
        adopted = site.command("db", "adopt", "--copy")
        assert adopted.returncode == 0, adopted.stderr
        site.command("lane", "resume", "background")
        site.start_daemon()
        assert site.ending(open_item)[0::2] == ("CANCELLED", "COPIED")
        assert not site.documents(open_item)
