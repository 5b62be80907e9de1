"""The faults of integrity (8): something was tampered with or mixed up; the security officer acts."""

from __future__ import annotations

from runner.errors.entry import Entry

_ASK = "Keep the files as they are, and find out who could write them; compare them with the archive."

INTEGRITY: dict[int, Entry] = {
    # 8: integrity, security officer
    8001: Entry(
        "the database is installed for {installed}, the settings say {wanted}",
        "Never point a test system at a production database or the reverse; correct the settings.",
    ),
    8002: Entry(
        "the contract {name!r} is a reference contract of our own, and the settings say production",
        "Name the operator's contract in setting eeszt.contract; ours is for tests and demonstrations.",
    ),
    8011: Entry(
        "the address of {service} is {host}, which is the EESZT's production, and the settings say test",
        "A test system never calls production; correct the address, or the environment with `eeszt-runner db adopt`.",
    ),
    8012: Entry(
        "the address of {service} is {host}, and the settings say production, whose hosts are {known}",
        "Correct the address, or production_hosts in the contract's pack.yaml.",
    ),
    8013: Entry(
        "the contract names no production_hosts, and the settings say production",
        "Name the EESZT's production hosts in the contract's pack.yaml, as the operator's documentation gives them.",
    ),
    8014: Entry(
        "the certificate {file!r}, named by setting {name!r}, is a simulator's, and the settings say production",
        "Name the certificate that the operator issued.",
    ),
    8021: Entry(
        "the database was copied or moved: it was installed at {home}, and is at {place} now",
        "If this is the one that goes on, run `eeszt-runner db adopt --moved`; if it is a copy, `db adopt --copy`.",
    ),
    8022: Entry(
        "the database went back in time: it does not know {count} message(s) that left, the first of item {item}",
        "Find out what was restored; `eeszt-runner db adopt --moved` then has them asked after, and none sent again.",
    ),
    8023: Entry(
        "the database is {now_is} now, and was {was} when the daemon started; nothing more is claimed or sent",
        "Find out what was done to it; `eeszt-runner db adopt`, then start the daemon again.",
    ),
    8024: Entry(
        "a database of {environment} cannot become production",
        "Install a new one; only a copy may change its environment, and only to test.",
    ),
    8101: Entry(
        "a sealed session was changed, or copied from another row",
        "Find out who writes to EESZT_LOGIN; the person logs in again.",
    ),
    8102: Entry(
        "a session is sealed under key {key}, which is not known here",
        "Put that key behind the one that seals ([sealing]) of every daemon, or let the person log in again.",
    ),
    8103: Entry(
        "{count} live session(s) are sealed under key {keys}, which is not known here, while daemon {others} is alive:"
        " a start would end them",
        "Put the keys of the other daemons here ([sealing]); `eeszt-runner check` says when they open what is there.",
    ),
    8201: Entry("this entry of the audit log was changed: its head does not fit", _ASK),
    8202: Entry(
        "entry {expected} should stand here, and it is {got}: entries were removed, inserted or put in another order",
        _ASK,
    ),
    8203: Entry("this entry does not follow the one before it: one of them was replaced", _ASK),
    8204: Entry("the sealed body of entry {sequence} was changed or cut", _ASK),
    8205: Entry("the bodies of segment {segment} are missing, and no entry says that their time was over", _ASK),
    8206: Entry("segment {segment} is missing, or another one stands in its place", _ASK),
    8207: Entry(
        "the log ends with entry {last}, and the database knows {count} later ones, up to {most}: its end was cut off",
        _ASK,
    ),
    8208: Entry(
        "the database knows entry {sequence} (and {more} more) under another head: the log was written anew", _ASK
    ),
    8209: Entry(
        "the database knows {count} entries of this chain of the audit log, and it is not there",
        "Put the chain's folder back from the archive; where it was never taken away, find out who did.",
    ),
    8219: Entry(
        "the database agrees with chains of the audit log that are not there: {chains}",
        "Put them back from the archive; without them nobody can tell whether the database went back in time.",
    ),
    8210: Entry("the end of this file was changed", _ASK),
    8211: Entry(
        "the body does not open: it was changed, or sealed to another key",
        "Name the private key whose fingerprint the segment's first entry has; then run `eeszt-runner audit verify`.",
    ),
    8212: Entry("there is no entry {reference!r}", "Look it up with `eeszt-runner audit search`."),
    8213: Entry("the private key cannot be used: {reason}", "Correct the file, its rights or its password."),
    8214: Entry(
        "the bodies of segment {segment} are not there any more",
        "`eeszt-runner audit verify` says whether that is right.",
    ),
    8215: Entry("this entry is the begin of a segment; its body is a key", "Name an entry of another kind."),
    8216: Entry("this file does not belong to the audit log", "Find out who put it there, and take it away."),
    8217: Entry("the segments before this one are missing, and no entry says that their time was over", _ASK),
    8218: Entry(
        "there is no audit log in this folder", "Name its folder with --folder, or correct setting audit.folder."
    ),
    8301: Entry(
        "{file!r}, named by {name!r}, may be changed by others than root and the daemon's user ({why})",
        "Give it to root or to the daemon's user and take the rights away: `chown root`, `chmod go-w`.",
    ),
}
