"""Creating the embedded database, again and again, and keeping a second daemon away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.errors import IntegrityError, StoreError
from runner.store.embedded import EmbeddedStore
from runner.store.embedded.installation import DaemonLock
from tests.support.rows import OUTBOXES, SQL, Lab


def test_installing_again_changes_nothing(lab: Lab) -> None:
    lab.insert()
    before = lab.run("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"), lab.run("PRAGMA schema_version")
    lab.store.install()
    after = lab.run("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"), lab.run("PRAGMA schema_version")
    assert before == after
    assert lab.run("SELECT count(*) FROM EESZT_OUT_BACKGROUND") == [(1,)]


def test_an_outbox_may_be_added_later(lab: Lab) -> None:
    first = lab.insert()
    more = {**OUTBOXES, "labor": type(OUTBOXES["query"])("EESZT_OUT_LABOR")}
    store = EmbeddedStore(lab.path, more, SQL)
    store.install()
    sql = "INSERT INTO EESZT_OUT_LABOR (document_type, recorded_at) VALUES ('ekat_esemeny', '2026-01-01')"
    lab.run(sql)
    assert lab.run("SELECT item_id, lane FROM EESZT_V_ITEM ORDER BY 1") == [(first, "background"), (first + 1, "labor")]
    assert lab.insert() == first + 2
    store.close()


def test_tables_are_strict_and_the_file_is_kept_as_it_must_be(lab: Lab) -> None:
    tables = lab.run("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    assert {strict for _, strict in tables} == {1}
    assert lab.run("PRAGMA journal_mode") == [("wal",)]
    with lab.store._database.connections.writing() as connection:
        assert [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "foreign_keys")] == [
            2,
            1,
        ]


def test_foreign_keys_hold(lab: Lab) -> None:
    row = "INSERT INTO EESZT_USER_WORKPLACE (eeszt_user, workplace, role) VALUES ('u', 'nincs', 'ORVOS')"
    with pytest.raises(StoreError, match="FOREIGN KEY"), lab.store._database.connections.writing() as connection:
        connection.execute(row)


def test_a_database_belongs_to_one_environment(lab: Lab) -> None:
    with pytest.raises(IntegrityError, match="RNR-8001"):
        lab.store.install("production")


def test_a_database_that_is_not_installed_or_not_complete_is_said_so(lab: Lab, tmp_path: Path) -> None:
    lab.store.check_installed("test")
    with pytest.raises(IntegrityError, match="RNR-8001"):
        lab.store.check_installed("production")
    lab.run("UPDATE EESZT_INSTALLATION SET schema_version = 'older'")
    with pytest.raises(StoreError, match="RNR-7008"):
        lab.store.check_installed("test")
    lab.store.install()
    lab.store.check_installed("test")
    empty = EmbeddedStore(tmp_path / "empty.db", OUTBOXES, SQL)
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="RNR-7008"):
        empty.check_installed("test")
    empty.close()


def test_a_file_of_an_older_release_is_not_taken_for_complete_and_left_as_it_is(lab: Lab) -> None:
    lab.insert()
    lab.run("ALTER TABLE EESZT_LOGIN RENAME COLUMN handle_hash TO handle")
    lab.run("UPDATE EESZT_INSTALLATION SET schema_version = 'older'")
    before = lab.run("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
    with pytest.raises(StoreError, match=r"RNR-7541.* lacks EESZT_LOGIN.HANDLE_HASH; .*move the file away"):
        lab.store.install()
    assert lab.run("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2") == before
    with pytest.raises(StoreError, match="RNR-7008"):
        lab.store.check_installed("test")


def test_a_database_has_an_identity_of_its_own(lab: Lab, tmp_path: Path) -> None:
    other = EmbeddedStore(tmp_path / "other.db", OUTBOXES, SQL)
    other.install()
    sql = "SELECT database_id FROM EESZT_INSTALLATION"
    assert lab.store.desk.rows(sql) != other.desk.rows(sql)
    other.close()


def test_a_second_daemon_is_refused_with_a_reason(lab: Lab) -> None:
    with lab.store.lock_daemon():
        with pytest.raises(StoreError, match=r"RNR-7003 .* another daemon"):
            lab.store.lock_daemon()
        lab.insert()  # MedWorkS is not hindered by it
    with lab.store.lock_daemon():
        pass


def test_the_lock_ends_with_the_process_however_that_ends(lab: Lab) -> None:
    code = (
        "import sys, time; from pathlib import Path; from runner.store.embedded.installation import DaemonLock;"
        "lock = DaemonLock(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(lab.path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(StoreError, match="RNR-7003"):
            lab.store.lock_daemon()
        process.kill()
        process.wait()
    lab.store.lock_daemon().close()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_second_daemon_is_refused_by_whatever_name_it_comes(
    lab: Lab, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    other = tmp_path / "other" / "medworks.db"
    other.parent.mkdir()
    with lab.store.lock_daemon():
        link(lab.path, other)
        lab.path.with_name("medworks.db.lock").unlink()
        for path in (other, lab.path):
            with pytest.raises(StoreError, match="RNR-7003"):
                DaemonLock(path)


def test_letting_the_lock_go_leaves_the_log_of_who_still_reads(lab: Lab) -> None:
    item = lab.insert()
    assert lab.store.desk.rows("SELECT count(*) AS n FROM EESZT_V_ITEM") == [{"n": 1}]
    lab.store.lock_daemon().close()
    with lab.store.lock_daemon(), pytest.raises(StoreError, match="RNR-7003"):
        lab.store.lock_daemon()
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('UPDATE EESZT_OUT_BACKGROUND SET source_key = 1 WHERE item_id = ?', [sys.argv[2]]); c.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(lab.path), str(item)], check=True)
    assert lab.path.with_name("medworks.db-wal").exists(), "the other program was not the last one"
    assert lab.store.desk.rows("SELECT source_key FROM EESZT_V_ITEM") == [{"source_key": "1"}]


def test_a_daemon_does_not_work_beside_another_name_of_the_file(lab: Lab, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    os.link(lab.path, other)
    for path in (lab.path, other):
        with pytest.raises(StoreError, match=r"RNR-7301 .* 2 names"):
            DaemonLock(path)
    other.unlink()
    lab.store.lock_daemon().close()


def test_only_the_installation_makes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ő #1?.db"
    store = EmbeddedStore(path, OUTBOXES, SQL)
    for act in (
        store.lock_daemon,
        lambda: store.check_installed("test"),
        lambda: store.desk.rows("SELECT 1"),
        lambda: store.desk.activate(()),
        lambda: store.outbox.beat({"query": 0.0}, "one"),
        store.install_example,
    ):
        with pytest.raises(StoreError, match="RNR-7008"):
            act()
    assert list(tmp_path.iterdir()) == []
    store.install()
    assert path.is_file()
    store.close()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database" * 100)
    store = EmbeddedStore(path, OUTBOXES, SQL)
    with pytest.raises(StoreError, match="RNR-7002"):
        store.install()
    store.close()


def test_a_folder_in_the_databases_place_is_called_one(tmp_path: Path) -> None:
    folder = tmp_path / "medworks.db"
    (folder / "inner").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"RNR-7002 .*it is a folder"):
        DaemonLock(folder)
