"""The settings file: what it gives, and that all its problems are told at once, with their lines."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ProblemsError
from runner.settings import chosen, exposed_secrets, load, settings_page, unreadable_files

ROOT = Path(__file__).parents[2]

SMALLEST = """\
[runner]
name = "runner-1"
environment = "test"
state_dir = "state"

[database]
path = "eeszt.db"

[eeszt]
pins = ["pins/eeszt.pem"]
[eeszt.addresses]
sts = "https://localhost:8444/sts"

[tls]
client_certificate = "tls/client.pem"
client_key = "tls/client.key"
trust = "tls/ca.pem"

[sealing]
key_file = "sealing.key"

[audit]
public_key = "audit.pem"

[institution]
code = "123456"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "runner.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[tuple[int, int | None, str]]:
    """Number, line and text of each problem."""
    path = written(folder, text)
    with pytest.raises(ProblemsError) as caught:
        load(path)
    found = []
    for each in caught.value.problems:
        place = each.where.removeprefix(str(path))
        found.append((each.number, int(place[1:]) if place else None, each.what))
    return found


def test_the_smallest_file_gives_settings_with_stated_defaults(tmp_path: Path) -> None:
    settings = load(written(tmp_path, SMALLEST))
    assert settings.database.path == tmp_path / "eeszt.db"
    assert settings.eeszt.addresses == {"sts": "https://localhost:8444/sts"}
    assert settings.eeszt.pins == (tmp_path / "pins" / "eeszt.pem",)
    assert settings.eeszt.connect_timeout_s == 5.0
    assert settings.login is None
    assert settings.technical_user is None
    assert settings.site.mappings == ROOT / "mappings"
    assert settings.eeszt.contract == ROOT / "mappings" / "contract" / "reference-1"
    assert settings.site.sources == ROOT / "sql" / "sources"
    assert settings.log.level == "INFO"
    assert chosen(settings.waits) == {}


def test_durations_lanes_rules_and_waits_are_read_with_their_units(tmp_path: Path) -> None:
    more = """
[lanes.interactive]
poll = "50ms"
senders = 4
[rules."erecept.azonnal"]
answer_within = "20s"
most = 3
strict = true
deny = ["1", "2"]
[waits]
retry_most = "10min"
follow_up = "8h"
probe = "1.5s"
[breaker]
items = 2
"""
    settings = load(written(tmp_path, SMALLEST + more))
    assert settings.lanes["interactive"].poll_s == pytest.approx(0.05)
    assert settings.lanes["interactive"].batch is None
    assert settings.rules == {
        "erecept.azonnal": {"answer_within": "20s", "most": "3", "strict": "true", "deny": "1, 2"}
    }
    assert chosen(settings.waits) == {"retry_most": 600.0, "follow_up": 28800.0, "probe": 1.5}
    assert settings.breaker.items == 2


def test_every_problem_is_told_in_one_run_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = SMALLEST.replace('"test"', '"tset"').replace("client_key", "client_kez")
    text = text.replace('"https://localhost:8444/sts"', '"http://localhost"')
    text += '[waits]\nretry = "5 days"\n[lanes.interactive]\nbatch = 0\nsenders = true\n[xyz]\nof = "sky"\n'
    found = problems(tmp_path, text)
    assert [(number, line) for number, line, _ in found] == [
        (1004, 3),  # environment
        (1004, 12),  # address without TLS
        (1003, 14),  # tls.client_key is missing, said at the section
        (1001, 16),  # client_kez
        (1004, 28),  # retry
        (1004, 30),  # batch
        (1004, 31),  # senders
        (1002, 32),  # xyz
    ]
    assert "'tls.client_kez'" in found[3][2]
    assert "one of test, production" in found[0][2]


def test_an_unknown_key_is_answered_with_the_nearest_right_name(tmp_path: Path) -> None:
    path = written(tmp_path, SMALLEST + '[log]\nlevle = "INFO"\n')
    with pytest.raises(ProblemsError, match=r"RNR-1001 .*runner\.toml:28: unknown setting 'log\.levle'.*'level'\?"):
        load(path)


def test_missing_sections_are_told_by_their_required_keys(tmp_path: Path) -> None:
    found = problems(tmp_path, '[runner]\nname = "a"\n')
    assert {number for number, _, _ in found} == {1003, 1060}
    assert "setting 'institution.code' is missing" in {what for _, _, what in found}
    assert "setting 'runner.state_dir' is missing" in {what for _, _, what in found}
    assert "audit.folder" not in str(found), "its default is below the folder whose absence is told"


def test_a_file_without_a_database_is_told_so(tmp_path: Path) -> None:
    found = problems(tmp_path, SMALLEST.replace('[database]\npath = "eeszt.db"\n', ""))
    assert [number for number, _, _ in found] == [1060]


@pytest.mark.parametrize("key", ["password", "jelszo", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    text = SMALLEST + f'[technical_user]\nname = "TU"\npkcs12 = "tu.p12"\npassword_file = "pw"\n{key} = "Kuku-1234"\n'
    found = problems(tmp_path, text)
    assert [(number, line) for number, line, _ in found] == [(1009, 31)]
    assert "Kuku" not in str(found)


def test_pairs_that_belong_together_and_ways_that_exclude_each_other_are_told(tmp_path: Path) -> None:
    more = """signing_key = "k.pem"
[technical_user]
name = "TU"
pkcs12 = "tu.p12"
certificate = "tu.pem"
"""
    found = problems(tmp_path, SMALLEST + more)
    assert [(number, line) for number, line, _ in found] == [(1010, 27), (1010, 30), (1011, 30), (1010, 31)]


def test_exactly_one_source_of_the_sealing_keys_is_named(tmp_path: Path) -> None:
    two = SMALLEST.replace('key_file = "sealing.key"', 'key_file = "sealing.key"\nkey_variable = "SEALING"')
    none = SMALLEST.replace('[sealing]\nkey_file = "sealing.key"\n', "")
    assert [number for number, *_ in problems(tmp_path, two)] == [1011]
    assert [(number, "sealing.key_file" in what) for number, _, what in problems(tmp_path, none)] == [(1003, True)]
    other = SMALLEST.replace("key_file", "key_keyring")
    assert load(written(tmp_path, other)).sealing.key_keyring == "sealing.key"


@pytest.mark.parametrize("name", ["key", "key_file", "key_variable", "key_keyring"])
def test_a_sealing_key_in_the_settings_is_told_and_not_repeated(tmp_path: Path, name: str) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    found = problems(tmp_path, SMALLEST.replace('key_file = "sealing.key"', f'{name} = "{key}"'))
    assert 1086 in {number for number, *_ in found}
    assert key[:9] not in str(found)


def test_a_key_that_looks_like_one_inside_a_long_text_has_no_line(tmp_path: Path) -> None:
    text = '[runner]\nname = """\nenvironment = 1\n"""\nenvironment = "tset"\nstate_dir = "s"\n'
    text += SMALLEST.partition('state_dir = "state"\n')[2]
    assert (1004, 5) in {(number, line) for number, line, _ in problems(tmp_path, text)}


def test_invalid_toml_is_told_with_its_line_and_nothing_of_its_text(tmp_path: Path) -> None:
    assert problems(tmp_path, "[runner]\nname = Kuku\n") == [(1008, 2, "the settings file is no valid TOML")]


def test_a_file_nested_beyond_every_depth_is_told(tmp_path: Path) -> None:
    path = tmp_path / "runner.toml"
    path.write_text("a=" + "[" * 5000 + "]" * 5000, "utf-8")
    with pytest.raises(ProblemsError, match=r"RNR-1005 .* nested too deep"):
        load(path)


def test_a_duration_beyond_every_calendar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runner.toml"
    path.write_text(f'{SMALLEST}\n[lanes.interactive]\nlease = "99999999999999d"\n', "utf-8")
    with pytest.raises(
        ProblemsError, match=r"lanes\.interactive\.lease.* expects a duration .*, got '99999999999999d'"
    ):
        load(path)


def test_a_file_that_is_not_there_or_not_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="RNR-1005"):
        load(tmp_path / "none.toml")
    path = tmp_path / "runner.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ProblemsError, match="UTF-8"):
        load(path)


@pytest.mark.parametrize("raw", ["https://", "ftp://a", "https://u:p@host/x", "https://host:99999/", "host"])
def test_only_https_addresses_with_a_host_and_without_user_are_taken(tmp_path: Path, raw: str) -> None:
    found = problems(tmp_path, SMALLEST.replace("https://localhost:8444/sts", raw))
    assert [(number, line) for number, line, _ in found] == [(1004, 12)]


def test_files_that_cannot_be_read_are_told_with_the_line_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    for name in ("client.pem", "ca.pem"):
        (tmp_path / "tls" / name).write_text("x")
    settings = load(written(tmp_path, SMALLEST))
    found = unreadable_files(settings)
    places = [each.where.rpartition(":")[2] for each in found if "tls" in each.what or "pins" in each.what]
    assert places == ["10", "16"]
    assert {each.number for each in found} == {1006}


def test_a_secret_file_that_others_may_read_is_told_and_a_private_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    key = tmp_path / "tls" / "client.key"
    key.write_text("x")
    key.chmod(0o640)
    settings = load(written(tmp_path, SMALLEST))
    (problem,) = exposed_secrets(settings)
    assert problem.number == 1012
    assert problem.where == f"{tmp_path}/runner.toml:16"
    assert "0640" in str(problem)
    key.chmod(0o600)
    assert exposed_secrets(settings) == []


FULL = (
    SMALLEST
    + """
[site]
mappings = "m"
[technical_user]
name = "TU"
pkcs12 = "tu.p12"
password_file = "pw"
[login]
certificate = "l.pem"
key = "l.key"
listen = "[::1]:8443"
[lanes.interactive]
poll = "50ms"
[rules."erecept.azonnal"]
answer_within = "20s"
[waits]
retry = "1s"
[breaker]
items = 2
[log]
level = "DEBUG"
"""
)


def keys_of(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from keys_of(value, (*path, key))


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("path", list(keys_of(tomllib.loads(FULL))), ids=".".join)
@pytest.mark.parametrize("wrong", [5, -1, 1.5, True, "", "\u202e", "a\0b", [], [1], {}, {"a": {"b": 1}}], ids=str)
def test_whatever_stands_in_the_place_of_a_value_it_is_read_or_told(
    tmp_path: Path, path: tuple[str, ...], wrong: object
) -> None:
    document = tomllib.loads(FULL)
    table = document
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = wrong
    file = written(tmp_path, "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items()))
    try:
        told = unreadable_files(load(file))
    except ProblemsError as error:
        told = list(error.problems)
    assert told
    assert {each.number // 1000 for each in told} == {1}
    assert not [each for each in told if not str(each).isprintable()]


def test_the_page_of_settings_is_current() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "write it anew: python -m runner.settings.page > docs/reference/settings.md"


def test_retention_is_set_in_days_and_has_defaults(tmp_path: Path) -> None:
    kept = load(written(tmp_path, SMALLEST)).retention
    day_s = 86400.0
    assert (kept.payload_s, kept.payload_to_mend_s, kept.document_s) == (30 * day_s, 90 * day_s, 3650 * day_s)
    text = SMALLEST + '[retention]\npayload = "12h"\ndocument = "1.5d"\n'
    kept = load(written(tmp_path, text)).retention
    assert (kept.payload_s, kept.payload_to_mend_s, kept.document_s) == (day_s / 2, 90 * day_s, 1.5 * day_s)


def test_a_retention_of_nothing_or_of_another_form_is_refused(tmp_path: Path) -> None:
    text = SMALLEST + '[retention]\npayload = "0d"\ndocument = "10 years"\nbody = "1d"\n'
    first = SMALLEST.count("\n") + 2
    assert [(number, line) for number, line, _ in problems(tmp_path, text)] == [
        (1004, first),
        (1004, first + 1),
        (1002, first + 2),
    ]


# the database

ORACLE = '[database]\ndsn = "tcps://db.korhaz.hu:2484/MEDW"\nuser = "eeszt_runtime"\npassword_file = "db.password"\n'


def with_database(section: str) -> str:
    return SMALLEST.replace('[database]\npath = "eeszt.db"\n', section)


def test_an_oracle_database_is_named_with_user_and_password_file(tmp_path: Path) -> None:
    database = load(written(tmp_path, with_database(ORACLE + 'owner = "eeszt"\ncall_timeout = "20s"\n'))).database
    assert (database.path, database.dsn, database.user) == (None, "tcps://db.korhaz.hu:2484/MEDW", "eeszt_runtime")
    assert (database.password_file, database.owner) == (tmp_path / "db.password", "eeszt")
    assert (database.call_timeout_s, database.sessions_most, database.mode) == (20.0, 12, "thin")
    assert database.where == "eeszt_runtime@tcps://db.korhaz.hu:2484/MEDW"


def test_a_wallet_may_hold_name_and_password(tmp_path: Path) -> None:
    section = '[database]\ndsn = "medw"\nwallet = "wallet"\nwallet_password_file = "w.password"\nconfig_dir = "net"\n'
    assert load(written(tmp_path, with_database(section))).database.where == "wallet@medw"


@pytest.mark.parametrize(
    ("section", "found"),
    [
        ("[database]\n", [(1060, 6, "section 'database' says neither 'path' nor 'dsn'")]),
        (
            '[database]\npath = "e.db"\ndsn = "h/s"\nowner = "e"\n',
            [
                (1011, 8, "settings 'database.dsn' and 'database.path' exclude each other"),
                (1011, 9, "settings 'database.owner' and 'database.path' exclude each other"),
            ],
        ),
        ('[database]\ndsn = "h/s"\n', [(1010, 6, "setting 'database' needs 'database.user' too")]),
        (
            '[database]\ndsn = "h/s"\nuser = "u"\n',
            [(1010, 8, "setting 'database.user' needs 'database.password_file' too")],
        ),
        (
            ORACLE + 'sessions_least = 5\nsessions_most = 3\nclient_dir = "c"\n',
            [
                (1061, 10, "setting 'database.sessions_least' is 5, and 'database.sessions_most' is 3"),
                (1010, 12, "setting 'database.client_dir' needs 'database.mode = \"thick\"' too"),
            ],
        ),
        (ORACLE + 'password = "titok"\n', [(1009, 10, "'database.password' looks like a secret")]),
        (ORACLE + 'kind = "embedded"\n', [(1002, 10, "unknown setting 'database.kind'")]),
    ],
)
def test_what_contradicts_itself_about_the_database_is_told(
    tmp_path: Path, section: str, found: list[tuple[int, int, str]]
) -> None:
    told = problems(tmp_path, with_database(section))
    assert [each[:2] for each in told] == [each[:2] for each in found]
    for (_, _, text), (_, _, begins) in zip(told, found, strict=True):
        assert text.startswith(begins)
