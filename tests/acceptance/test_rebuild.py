"""
The server is rebuilt on an empty machine without a restore (E5): settings, keys and certificates are all it needs.

The database, which is MedWorkS's, lives on; the machine dies with messages on the wire, and all that it kept is gone.
"""

from __future__ import annotations

import base64
import random
import secrets
import shutil
from pathlib import Path

import pytest

from runner.demo.site import write_secret
from tests.acceptance.test_three_books import Writer, hospital, judge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

KEPT = {"medworks.db", "medworks.db-wal", "medworks.db-shm"}
"""The database server's."""

BROUGHT = {"runner.toml", "pki", "simulator", "audit-public.pem", "audit-private.pem", "barcodes"}
"""What an administrator brings to the new machine, and what is not the runner's at all."""


def test_a_server_that_is_lost_is_built_anew_and_finishes_everything(tmp_path: Path) -> None:
    with hospital(tmp_path / "site", latency_ms=30) as stage:
        stage.start_daemon()
        writer = Writer(stage, random.Random(5))
        writer.write_rows()
        stage.until(
            "something on the wire", lambda: any(row["state"] == "SENDING" for row in stage.medworks.all_items())
        )
        stage.kill_daemon()
        for each in stage.site.folder.iterdir():
            if each.name in KEPT | BROUGHT:
                continue
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        (stage.site.folder / "state").mkdir(mode=0o700)
        write_secret(stage.site.folder / "sealing.key", base64.b64encode(secrets.token_bytes(32)))
        stage.start_daemon()
        live = "SELECT 1 FROM EESZT_V_LOGIN"
        stage.until("the sessions' end: the key that sealed them is gone", lambda: not stage.medworks.rows(live))
        stage.log_in_doctors()
        stage.stop_daemon()
        assert not judge(stage, writer)
