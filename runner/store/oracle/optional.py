"""What a DBA may run besides the scripts: users, purge, statistics, partitions, support."""

from __future__ import annotations

from pathlib import Path

from runner.store.oracle.ddl import Maker, Site
from runner.store.queries import read_blocks

_HEAD = """\
-- {name}: {says}
-- Made from sql/oracle/source; do not change it, copy it. In SQL*Plus or SQLcl, as {who}.
WHENEVER OSERROR EXIT FAILURE ROLLBACK
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE ON
SET VERIFY OFF
"""
_SPOOL = """\
ACCEPT since CHAR PROMPT 'What was written since the day (YYYY-MM-DD): '
ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS';
ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF6';
SET MARKUP CSV ON QUOTE ON
SET PAGESIZE 50000
SET TERMOUT OFF
SPOOL eeszt_support.csv

{body}
SPOOL OFF
"""
_ASK_DAY = "ACCEPT until CHAR PROMPT 'What ended before the day (YYYY-MM-DD): '\n"


def optional_files(folder: Path, site: Site) -> dict[str, str]:
    """
    Give file → text of everything that may be run besides the scripts.

    Args:
        folder: ``sql/oracle/source``.
        site: Whose names.
    """
    blocks, made = read_blocks(folder / "optional.sql"), Maker(site)
    purged = [made.of(lane, blocks["purge_items"]) for lane in site.outboxes]
    purge = "\n\n".join([*purged, made.of("", blocks["purge_rest"]), "COMMIT;"])
    statistics = "\n".join(made.of(lane, blocks["statistics"]) for lane in site.outboxes)
    users = made.of("", blocks["create_users"])
    partitions = made.of("", blocks["partition_history"])
    supported = [made.of(lane, blocks["support_items"]) for lane in site.outboxes]
    support = _SPOOL.format(body="\n\n".join([*supported, made.of("", blocks["support_rest"])]))
    of_support = "eeszt_support.csv for the vendor's support, without patients, staff and keys of records."
    of_purge = "deletes what ended before a day, in one transaction; the first time month by month."
    return {
        "optional/create_users.sql": _file(
            "create_users.sql", "the users, before anything else.", "SYS, in the pluggable database", users
        ),
        "optional/purge.sql": _file("purge.sql", of_purge, "the owner", _ASK_DAY + purge),
        "optional/statistics.sql": _file("statistics.sql", "how statistics are gathered.", "the owner", statistics),
        "optional/support_export.sql": _file("support_export.sql", of_support, "the owner", support),
        "optional/partition_history.sql": _file(
            "partition_history.sql", "the history by month (Enterprise Edition, Partitioning).", "the owner", partitions
        ),
    }


def _file(name: str, says: str, who: str, body: str) -> str:
    return f"{_HEAD.format(name=f'optional/{name}', says=says, who=who)}\n{body}\n"
