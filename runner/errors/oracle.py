"""The faults of an Oracle database: 74 and what its errors mean; who acts is its administrator."""

from __future__ import annotations

from runner.errors.entry import Entry

ORACLE: dict[int, Entry] = {
    7401: Entry(
        "the session was lost ({code}), nothing was changed",
        "The runner begins another; if it lasts, look for who ends sessions: a firewall, a profile, a person.",
    ),
    7402: Entry(
        "the answer to a commit was lost ({code}), and what became of it cannot be read now",
        "The runner looks before it does anything further; see to it that the database can be reached.",
    ),
    7403: Entry(
        "the database cannot be reached ({code}), nothing was changed",
        "Start the listener or the instance, or correct database.dsn; the runner tries again by itself.",
    ),
    7404: Entry(
        "no session was free in time ({code}), nothing was changed",
        "Allow more sessions to the runner's user, or find out what its sessions wait for in V$SESSION.",
    ),
    7405: Entry(
        "the database did not answer in time ({code}), nothing was changed",
        "Look in V$SESSION what the runner's session waited for; the runner tries again by itself.",
    ),
    7406: Entry(
        "another session holds what was needed ({code}){named}, nothing was changed",
        "Nothing need be done unless it lasts; then V$SESSION.BLOCKING_SESSION says who holds it.",
    ),
    7407: Entry(
        "the undo of what was to be read is gone ({code}), nothing was changed",
        "Raise UNDO_RETENTION or enlarge the undo tablespace; the runner reads again.",
    ),
    7408: Entry(
        "the password of the runner's user is wrong or has expired ({code})",
        "Set a new one with ALTER USER, and tell it to the runner; take the user out of password expiry by a profile.",
    ),
    7409: Entry(
        "the runner's user may not log in ({code})",
        "Unlock it with ALTER USER ... ACCOUNT UNLOCK, or grant CREATE SESSION, as the code says.",
    ),
    7410: Entry(
        "there is no room left in the database ({code}){named}, nothing was changed",
        "Enlarge the tablespace or the user's quota in it; the runner tries again by itself.",
    ),
    7411: Entry(
        "an object or a right is missing ({code}){named}, nothing was changed",
        "Run `eeszt-runner db check`, which prints the statement that mends it.",
    ),
    7412: Entry(
        "a trigger of the database refused the row ({code}){named}, nothing was changed",
        "Correct the trigger, or the row that it refuses; none should raise on the runner's columns.",
    ),
    7413: Entry(
        "the database refused a value of the row ({code}){named}, nothing was changed",
        "Compare the table's columns and constraints with `eeszt-runner db check`.",
    ),
    7414: Entry(
        "the database can only be read ({code}){named}, nothing was changed",
        "Point database.dsn at a service of the primary database; the runner tries again by itself.",
    ),
    7415: Entry(
        "the database is failing over ({code}), nothing was changed",
        "Nothing need be done; the runner begins another session.",
    ),
    7416: Entry(
        "the way to the database is set wrongly ({code})",
        "Correct the section [database]: the address, the wallet, or thick = true where the network encrypts natively.",
    ),
    7417: Entry(
        "the database refused ({code}){named}, nothing was changed",
        "Look the code up in Oracle's list of errors, and correct what it names.",
    ),
    7418: Entry(
        "a row cannot be read ({code}){named}",
        "Look at the row's payload and texts: they hold bytes that the database's character set does not know.",
    ),
    7419: Entry(
        "another session has held the row for too long, nothing was changed",
        "End the transaction that it holds open; the runner tries again by itself.",
    ),
    7421: Entry(
        "the mapping's source query cannot be run ({code}){named}",
        "Correct the query, or grant the runner's user SELECT on what it reads.",
    ),
    7420: Entry(
        "statement {name} lacks the value {missing}",
        "This is a fault of the runner; report it.",
    ),
}
