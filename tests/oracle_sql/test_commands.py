"""`db ddl` and `db install` as a DBA runs them."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest

from runner.cli import main
from tests.support.oracle import HIS, OWNER, RUNTIME, OracleDatabase
from tests.unit.test_settings import SMALLEST


class Terminal(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(tmp_path: Path, bare_oracle: OracleDatabase) -> list[str]:
    """The options that say which site it is, and under which names."""
    user, password = bare_oracle.users[RUNTIME]
    for name, secret in (("runtime.password", password), ("owner.password", bare_oracle.users[OWNER][1])):
        with os.fdopen(os.open(tmp_path / name, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{secret}\n")
    database = (
        f'dsn = "{bare_oracle.dsn}"\nuser = "{user}"\npassword_file = "runtime.password"\nowner = "{bare_oracle.owner}"'
    )
    settings = tmp_path / "runner.toml"
    settings.write_text(SMALLEST.replace('path = "eeszt.db"', database), encoding="utf-8")
    return ["--settings", str(settings)]


def options(database: OracleDatabase, folder: Path) -> list[str]:
    return ["--his", database.users[HIS][0], "--password-file", str(folder / "owner.password")]


def test_the_shipped_scripts_are_printed_without_any_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["db", "ddl"]) == 0
    printed = capsys.readouterr().out
    shipped = (Path(__file__).parents[2] / "sql" / "oracle" / "030_tables.sql").read_text("utf-8")
    assert shipped in printed
    assert "TO EESZT_RUNTIME;" in printed


def test_a_folder_of_scripts_has_the_names_of_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out"
    names = ["--owner", "ker", "--runtime", "futtato", "--his", "his_szerep", "--tablespace", "adat"]
    assert main(["db", "ddl", *names, "--index-tablespace", "ix", "--folder", str(folder)]) == 0
    assert "as ker: @install.sql" in capsys.readouterr().out
    assert 'TO "HIS_SZEREP";' in (folder / "110_grants.sql").read_text("utf-8")
    tables = (folder / "030_tables.sql").read_text("utf-8")
    assert 'INITRANS 8 PCTFREE 20 TABLESPACE "ADAT"' in tables
    assert 'ENABLE STORAGE IN ROW CACHE TABLESPACE "ADAT"' in tables
    assert 'INITRANS 8 TABLESPACE "IX"' in tables
    assert 'CREATE USER "KER"' in (folder / "optional" / "create_users.sql").read_text("utf-8")
    for script in re.findall(r"0, '(\w+\.sql)'", (folder / "install.sql").read_text("utf-8")):
        assert (folder / script).exists()


@pytest.mark.parametrize(("same", "left"), [("--runtime", "MEDWORKS"), ("--his", "EESZT_RUNTIME")])
def test_the_owner_is_granted_nothing(
    same: str, left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["db", "ddl", "--owner", "ker", same, "KER", "--folder", "."]) == 0
    text = Path("110_grants.sql").read_text("utf-8")
    assert '-- Nothing is granted to "KER": it owns everything.' in text
    assert set(re.findall(r' TO "?(\w+)"?;', text)) == {left}
    assert main(["db", "ddl", "--owner", "ker", "--runtime", "ker", "--his", "ker", "--folder", "."]) == 0
    assert "GRANT" not in Path("110_grants.sql").read_text("utf-8")


def test_a_name_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["db", "ddl", "--his", "MEDWORKS; DROP TABLE X"]) == 1
    assert "RNR-7004" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("\n", 1), ("y\n", 0), ("igen\n", 0)])
def test_install_shows_what_is_missing_and_asks(
    site: list[str],
    bare_oracle: OracleDatabase,
    tmp_path: Path,
    answer: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main([*site, "db", "install", *options(bare_oracle, tmp_path)]) == status
    shown = capsys.readouterr().out
    assert "-- 010_script_table.sql: which scripts have run." in shown
    assert "CREATE TABLE EESZT_OUT_QUERY (" in shown
    assert ("nothing was changed" in shown) is bool(status)
    found = bare_oracle.run("SELECT COUNT(*) FROM USER_TABLES t WHERE t.table_name LIKE 'EESZT%'")
    assert found == [(0 if status else 24,)]


def test_install_asks_nobody_who_is_not_there_and_runs_with_yes_once(
    site: list[str],
    bare_oracle: OracleDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main([*site, "db", "install", *options(bare_oracle, tmp_path)]) == 1
    assert bare_oracle.run("SELECT COUNT(*) FROM USER_TABLES") == [(0,)]
    assert main([*site, "db", "install", "--yes", *options(bare_oracle, tmp_path)]) == 0
    capsys.readouterr()
    assert main([*site, "db", "install", *options(bare_oracle, tmp_path)]) == 0
    assert "CREATE" not in capsys.readouterr().out
    assert bare_oracle.run("SELECT environment FROM EESZT_INSTALLATION") == [("test",)]


def test_another_tablespace_the_second_time_is_no_other_script(
    site: list[str], bare_oracle: OracleDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = [*site, "db", "install", "--yes", *options(bare_oracle, tmp_path)]
    assert main(common) == 0
    capsys.readouterr()
    assert main([*common, "--tablespace", "ADAT"]) == 0
    printed = capsys.readouterr()
    assert "CREATE" not in printed.out
    assert printed.err.endswith('write them under [database]:\n  tablespace = "ADAT"\n')
    settings = tmp_path / "runner.toml"
    text = settings.read_text("utf-8").replace("password_file", 'tablespace = "adat"\npassword_file', 1)
    settings.write_text(text, encoding="utf-8")
    assert main([*common, "--tablespace", "ADAT"]) == 0
    assert capsys.readouterr().err == ""


def test_a_password_file_that_is_not_there_is_named(
    site: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*site, "db", "install", "--password-file", str(tmp_path / "none")]) == 1
    assert "RNR-1006 db: " in capsys.readouterr().err
