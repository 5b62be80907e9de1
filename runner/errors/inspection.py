"""The faults of comparing declarations with a database: 7551-7599 for the DBA, 2090-2099 for a mapping's author."""

from __future__ import annotations

from runner.errors.entry import Entry

INSPECTION: dict[int, Entry] = {
    2090: Entry(
        "the source query gives no column {column!r}, which {reader} reads; it gives {given}",
        "Correct the name, or add the column to the query.",
    ),
    2091: Entry(
        "column {column!r} is {said}, which can never be the {type} of {reader}",
        "Convert it in the source query, or correct the field's type.",
    ),
    2092: Entry(
        "column {column!r} is {said} and may be longer than the {most} characters of {reader}; such rows end INVALID",
        "Cut it in the source query where that is right, else leave it: the ward is told.",
    ),
    2093: Entry(
        "column {column!r} is {said} and may have digits after the point, which the whole number of {reader} may not",
        "Round it in the source query, or give the field `type: decimal`.",
    ),
    2094: Entry(
        "column {column!r} may be empty, and {reader} is required; such rows end INVALID",
        "Make the field optional where it may be missing, else leave it: the ward is told.",
    ),
    2095: Entry(
        "column {column!r} is {said}: {trap}",
        "{instead}",
    ),
    2096: Entry(
        "the database has no table {table!r} that the runner's user may read and write",
        "Correct the name, or let the DBA grant SELECT and UPDATE on it, and make a synonym of another schema's.",
    ),
    2097: Entry("table {table!r} has no column {column!r}", "Correct the name; it has {given}."),
    2098: Entry(
        "column {column!r} of {table!r} is {said}, too short for {what} ({length} characters)",
        "Let the DBA widen it: ALTER TABLE {table} MODIFY ({column} VARCHAR2({length} CHAR)).",
    ),
    2099: Entry(
        "column {column!r} of {table!r} is {said} and gets {what}",
        "Name a column of text, or copy something that fits.",
    ),
    7551: Entry(
        "the database refuses this source query: {reason}",
        "Run it by itself in the database's own client, as the runner's user;"
        " on Oracle a missing table may be a missing grant or synonym.",
    ),
}
