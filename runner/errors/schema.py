"""The faults of installing the Oracle schema: 7501-7549, for the DBA."""

from __future__ import annotations

from runner.errors.entry import Entry

SCHEMA: dict[int, Entry] = {
    7501: Entry(
        "{script} has run here as another text, and it holds data; nothing was changed",
        "Use the release and the outboxes.yaml that it was installed with; a table is changed by a script of its own.",
    ),
    7502: Entry(
        "this session is {user}'s, and everything would be made in that schema instead of {owner}'s",
        "Connect as the owner, or name it by --owner.",
    ),
    7503: Entry(
        "the script stopped at statement {statement} of {count}: {reason}",
        "Mend the cause and run `eeszt-runner db install` again: it goes on from there.",
    ),
    7504: Entry(
        "an outbox can lie over a table of the HIS in Oracle only",
        "Leave `key` out of it in outboxes.yaml, or set database.dsn.",
    ),
    7541: Entry(
        "the database's file was made by an older release: it lacks {missing}; nothing was changed",
        "An embedded database is not altered in place: stop the daemon and whatever has it open, move the file away"
        " together with those beside it that end in -wal and -shm, and run `eeszt-runner db install`; what it held"
        " stays in the old file.",
    ),
}
