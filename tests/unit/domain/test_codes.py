"""How a code stands on a day."""

from __future__ import annotations

from datetime import date

from runner.domain.codes import Code, CodeTables, Standing

TABLES = CodeTables.of(
    [
        ("TTT", Code("1", "elso", date(2020, 1, 1), date(2020, 12, 31))),
        ("TTT", Code("1", "ujra", date(2022, 1, 1))),
        ("TTT", Code("2", "mindig")),
    ]
)


def test_a_code_is_valid_on_the_days_of_any_of_its_lines_both_ends_included() -> None:
    days = {
        date(2019, 12, 31),
        date(2020, 1, 1),
        date(2020, 12, 31),
        date(2021, 6, 1),
        date(2022, 1, 1),
        date(2090, 1, 1),
    }
    valid = {day for day in days if TABLES.standing("TTT", "1", day) is Standing.VALID}
    assert valid == {date(2020, 1, 1), date(2020, 12, 31), date(2022, 1, 1), date(2090, 1, 1)}
    assert TABLES.standing("TTT", "1", date(2021, 6, 1)) is Standing.RETIRED


def test_a_code_that_is_not_there_is_unknown_and_a_table_that_was_never_read_says_nothing() -> None:
    assert TABLES.standing("TTT", "3", date(2022, 1, 1)) is Standing.UNKNOWN
    assert TABLES.standing("ATC", "3", date(2022, 1, 1)) is None
    assert TABLES.standing("TTT", "2", date(1950, 1, 1)) is Standing.VALID
