"""The way to an Oracle database: passwords from their files, and encryption that production demands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.app.oracle import access_of, open_lines
from runner.errors import RunnerError
from runner.settings import Database, Settings, load
from tests.unit.test_settings import ORACLE, with_database, written

TNS = """\
MEDW = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db1)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=MEDW)))
REGI = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=MEDW)))
FELIG = (DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(PROTOCOL=tcps)(HOST=db1)(PORT=2484))
  (ADDRESS=(PROTOCOL=tcp)(HOST=db2)(PORT=1521)))(CONNECT_DATA=(SERVICE_NAME=MEDW)))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name an Oracle database, with the file of its password."""
    (tmp_path / "db.password").write_text("titok-jelszo\nsecond line\n", encoding="utf-8")
    (tmp_path / "tnsnames.ora").write_text(TNS, encoding="utf-8")
    return load(written(tmp_path, with_database(ORACLE)))


def problems(settings: Settings, **facts: object) -> list[tuple[int, str]]:
    changed = replace(settings, database=replace(settings.database, **facts))  # type: ignore[arg-type]
    return [(each.number, str(each)) for each in open_lines(changed)]


def test_a_password_is_read_from_its_file_each_time_it_is_needed(settings: Settings, tmp_path: Path) -> None:
    access = access_of(settings.database)
    assert access.password is not None
    assert access.password() == "titok-jelszo"
    (tmp_path / "db.password").write_text("another", encoding="utf-8")
    assert access.password() == "another"
    assert "another" not in repr(access)


@pytest.mark.parametrize(("content", "number"), [("\n", "RNR-1063"), (None, "RNR-1006")])
def test_a_password_file_that_holds_none_is_named(
    settings: Settings, tmp_path: Path, content: str | None, number: str
) -> None:
    file = tmp_path / "db.password"
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    password = access_of(settings.database).password
    assert password is not None
    with pytest.raises(RunnerError, match=f"{number}.*db.password"):
        password()


def test_every_setting_reaches_the_driver(settings: Settings) -> None:
    database = replace(
        settings.database, mode="thick", sessions_least=3, sessions_most=9, call_timeout_s=7.0, owner="EESZT"
    )
    access = access_of(database)
    assert (access.user, access.owner, access.dsn) == ("eeszt_runtime", "EESZT", "tcps://db.korhaz.hu:2484/MEDW")
    assert (access.thick, access.fewest, access.most, access.call_s) == (True, 3, 9, 7.0)


@pytest.mark.parametrize(
    "dsn", ["tcps://db:2484/MEDW", "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=a)(PORT=1)))", "medw"]
)
def test_tcps_is_encrypted_however_it_is_written(settings: Settings, tmp_path: Path, dsn: str) -> None:
    assert problems(settings, dsn=dsn, config_dir=tmp_path) == []


@pytest.mark.parametrize("dsn", ["db:1521/MEDW", "tcp://db:1521/MEDW", "regi", "felig"])
def test_every_address_that_is_not_encrypted_is_refused(settings: Settings, tmp_path: Path, dsn: str) -> None:
    [(number, text)] = problems(settings, dsn=dsn, config_dir=tmp_path)
    assert number == 1062
    assert "tcp" in text
    assert f"{tmp_path / 'runner.toml'}:7" in text


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("SQLNET.ENCRYPTION_CLIENT=REQUIRED", True),
        ("sqlnet.encryption_client = (required)", True),
        ("SQLNET.ENCRYPTION_CLIENT=REQUESTED", False),
        ("# SQLNET.ENCRYPTION_CLIENT=REQUIRED", False),
        ("", False),
    ],
)
def test_thick_mode_counts_where_it_must_encrypt(
    settings: Settings,
    tmp_path: Path,
    line: str,
    accepted: bool,  # noqa: FBT001
) -> None:
    (tmp_path / "sqlnet.ora").write_text(line + "\n", encoding="utf-8")
    assert (problems(settings, dsn="db:1521/MEDW", mode="thick", config_dir=tmp_path) == []) is accepted
    assert problems(settings, dsn="db:1521/MEDW", mode="thin", config_dir=tmp_path), (
        "thin mode knows no such encryption"
    )


def test_a_name_that_nobody_knows_is_told(settings: Settings, tmp_path: Path) -> None:
    [(number, _)] = problems(settings, dsn="nincs", config_dir=tmp_path)
    assert number == 1064


def test_the_embedded_database_goes_over_no_line(settings: Settings) -> None:
    assert list(open_lines(replace(settings, database=Database(path=Path("x.db"))))) == []
