"""The demonstration from start to end table, and the prompt at which a reader writes rows of his own."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from typing import TYPE_CHECKING

from runner.demo import barcode
from runner.demo.medworks import MedWorkS
from runner.demo.people import KOVACS, PATIENTS
from runner.demo.scenes import SCENES
from runner.demo.site import TIMES, free_port, prepare_folder, write_settings
from runner.demo.stage import SceneError, Stage
from runner.simulator import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from runner.demo.medworks import Opened
    from runner.demo.site import DemoSite
    from runner.ports import Desk

FREE_PRESCRIPTION = 9101
"""A finished prescription in MW_VENY that the reader may send himself; two more follow."""

PLAY_SETTLES_S = 3.0
"""How long the end of a play waits for what is under way; the next one goes on with it."""

COLUMNS = (
    ("item", "item_id"),
    ("document type", "document_type"),
    ("key", "source_key"),
    ("recorded by", "recorded_by"),
    ("line", "line"),
    ("sent as", "acting_user"),
    ("state", "state"),
    ("ward", "ward_answer"),
)
WIDTH = 150
"""Of the end table; its last column is cut there."""


def demonstrate(
    folder: Path,
    pack: Path,
    scenes: Sequence[str],
    install: Callable[[Path], None],
    opened: Callable[[Path], AbstractContextManager[tuple[Desk, Opened]]],
) -> bool:
    """
    Show the scenes, print the end table, leave the database behind; whether everything ended as promised.

    Args:
        folder: The demonstration's folder; made anew.
        pack: The contract pack that both sides use.
        scenes: Names of ``SCENES``.
        install: Installs the database of a settings file, MedWorkS's example tables included.
        opened: Opens what MedWorkS may ask of the database of a settings file.
    """
    started = time.monotonic()
    site = prepare_folder(folder)
    simulator = process.start(site.simulator, pack=pack, port=free_port(), control_port=free_port())
    write_settings(site, simulator.addresses, pack)
    install(site.settings)
    with opened(site.settings) as (desk, asked):
        medworks = MedWorkS(site.database, asked, site.handles)
        medworks.register_people()
        stage = Stage(site, medworks, desk, simulator, pack, started=started)
        try:
            _announce(stage)
            good = _play(stage, scenes)
        except SceneError as error:
            print(f"\nNOT AS PROMISED: {error}")
            good = False
        finally:
            stage.stop_daemon()
            stage.counterpart.stop()
    good = _report(stage) and good
    _say_what_is_left(site)
    return good


def _announce(stage: Stage) -> None:
    print(
        "A hospital on an embedded database against a simulated EESZT: separate processes, mutual TLS, no real person."
    )
    print("The interface is our own reference contract, not the EESZT's. Times are shorter than in a hospital:")
    for rule, values in TIMES.items():
        print(f"  {rule}: " + ", ".join(f"{name} {value}" for name, value in values.items()))
    for number in range(3):
        stage.medworks.prescribe(
            KOVACS, PATIENTS[number], "210002737", "1 tabletta reggel", send=False, number=FREE_PRESCRIPTION + number
        )
    stage.start_daemon()
    stage.say("simulator and daemon run as processes of their own")
    stage.log_in_doctors()


def _play(stage: Stage, scenes: Sequence[str]) -> bool:
    try:
        for name in scenes:
            print(f"\n{name}: {SCENES[name].__doc__}")
            SCENES[name](stage)
    except SceneError as error:
        print(f"\nNOT AS PROMISED: {error}")
        return False
    else:
        return True
    finally:
        stage.settle()
        stage.stop_daemon()


def _report(stage: Stage) -> bool:
    """Print the end table; whether every promise was kept."""
    items = stage.medworks.all_items()
    print(
        "\nWho sent what and why (line: of the decision table, docs/reference/who_sends.md; blank: it was not asked):\n"
    )
    print("\n".join(cut(line) for line in end_table(items).splitlines()))
    broken = stage.broken_promises()
    for line in broken:
        print(f"NOT AS PROMISED: {line}")
    codes = stage.medworks.rows("SELECT barcode FROM EESZT_V_BARCODE WHERE barcode IS NOT NULL ORDER BY item_id")
    for row in codes:
        barcode.write_svg(str(row["barcode"]), stage.site.barcodes)
    if codes:
        print(f"\nThe bar code of {codes[0]['barcode']}, as the ward prints it:\n")
        print(barcode.blocks(str(codes[0]["barcode"])))
    took = time.monotonic() - stage.started
    print(f"\n{_many(len(items), 'item')}, {_many(len(codes), 'valid bar code')}, {took:.1f} s.")
    print("Every row ended as it should." if not broken else f"{len(broken)} row(s) did not end as they should.")
    return not broken


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def end_table(items: Sequence[Mapping[str, object]]) -> str:
    """Items, each with the identifier that it got, or else the sentence that the ward reads."""
    last = "identifier, or why not"
    rows = [
        {
            **{title: row.get(column) for title, column in COLUMNS},
            last: row["eeszt_id"] if row["eeszt_id"] and row["state"] == "ACCEPTED" else row["status_text"],
        }
        for row in items
    ]
    return table(rows, [*(title for title, _ in COLUMNS), last])


def cut(line: str) -> str:
    """Give a line of the table in its width."""
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + ("─" if line.endswith("─") else "…")


def _say_what_is_left(site: DemoSite) -> None:
    with contextlib.suppress(ValueError):
        site = type(site)(site.folder.relative_to(site.folder.cwd()))
    command = f".venv/bin/eeszt-runner --settings {site.settings}"
    print(
        f"\nLeft behind in {site.folder}/: medworks.db (SQLite), barcodes/*.svg, runner.log, simulator/register.jsonl,"
        " state/audit (the sealed log)."
    )
    print("To look at it:")
    for words in ("items list", "items story 1", 'db sql "SELECT * FROM EESZT_V_BARCODE"'):
        print(f"  {command} {words}")
    print(f"  {command} audit verify        (nothing was changed; change a byte of state/audit and try again)")
    print(f"  {command} audit search --kind REQUEST")
    print(f"  {command} audit show ENTRY --key {site.audit_key}        (ENTRY as search gives it)")
    print("  make play        (everything starts again on this database; write rows of your own)")


def play(site: DemoSite, pack: Path, opened: Callable[[Path], AbstractContextManager[tuple[Desk, Opened]]]) -> bool:
    """
    Start everything on the demonstration's database and follow what the reader writes at an SQL prompt.

    Statements come from standard input, each ended by a semicolon; an end of file stops everything.
    """
    with process.start(site.simulator, pack=pack) as simulator:
        write_settings(site, simulator.addresses, pack)
        with opened(site.settings) as (desk, asked):
            stage = Stage(site, MedWorkS(site.database, asked, site.handles), desk, simulator, pack)
            try:
                stage.start_daemon()
                stage.log_in_doctors()
                print(
                    f"\nSQL on {site.database}, as MedWorkS's client in which {KOVACS.his_user} works; end"
                    " statements with ; and the session with Ctrl-D. To begin with:\n"
                )
                print(example(FREE_PRESCRIPTION) + "\n")
                for statement in _statements():
                    _execute(stage, statement)
            except SceneError as error:
                print(f"{error}\n`make demo` makes the database anew.")
                return False
            finally:
                stage.settle(PLAY_SETTLES_S)
                stage.stop_daemon()
    return True


def example(number: int) -> str:
    """Give the one INSERT that sends a finished prescription, as in the README."""
    return (
        "INSERT INTO EESZT_OUT_INTERACTIVE"
        " (document_type, source_key, order_key, recorded_by, workplace, recorded_at)\n"
        f"VALUES ('erecept_feliras', '{number}', 'veny-{number}', 'kovacs.anna', '013579101', "
        "strftime('%Y-%m-%d %H:%M:%f', 'now'));"
    )


def _statements() -> Iterator[str]:
    """Statements of standard input until its end or `exit`; the last one may lack its semicolon."""
    text, prompt = "", sys.stdin.isatty()
    if prompt:
        print("sql> ", end="", flush=True)
    for line in sys.stdin:
        if not text.strip() and line.strip(" ;\n").lower() in {"exit", "quit"}:
            return
        text += line
        if sqlite3.complete_statement(text):
            yield text.strip()
            text = ""
        if prompt:
            print("...> " if text.strip() else "sql> ", end="", flush=True)
    if text.strip():
        yield text.strip()


def _execute(stage: Stage, statement: str) -> None:
    if statement.lstrip().upper().startswith(("SELECT", "WITH", "PRAGMA", "EXPLAIN")):
        try:
            rows = stage.medworks.rows(statement)
        except sqlite3.Error as error:
            print(f"SQLite: {error}")
            return
        print(table(rows, list(rows[0])) if rows else "(no rows)")
        return
    before = max([int(str(row["item_id"])) for row in stage.medworks.all_items()], default=0)
    try:
        stage.medworks.change((statement, {}), by=KOVACS)
    except sqlite3.Error as error:
        print(f"SQLite: {error}")
        return
    _follow(stage, before)


def _follow(stage: Stage, before: int) -> None:
    """Print how each new item goes on, until it has ended, the ward is told and MedWorkS's table has its copy."""
    new = [int(str(row["item_id"])) for row in stage.medworks.all_items() if int(str(row["item_id"])) > before]
    for item in new:
        last, end = "", time.monotonic() + 15
        while time.monotonic() < end:
            row = stage.medworks.rows("SELECT * FROM EESZT_V_STATUS WHERE item_id = :item", item=item)[0]
            now = " ".join(str(row[name]) for name in ("state", "ward_answer", "status_text") if row[name])
            if now != last:
                stage.say(f"item {item}: {now}")
                last = now
            if stage.is_final(row) and row["ward_answer"] != "WAIT" and not _copies_due(stage, item):
                break
            time.sleep(0.03)
        for code in stage.medworks.rows(
            "SELECT barcode FROM EESZT_V_BARCODE WHERE item_id = :item AND barcode IS NOT NULL", item=item
        ):
            print("\n" + barcode.blocks(str(code["barcode"])) + "\n")


def _copies_due(stage: Stage, item: int) -> bool:
    due = "SELECT count(*) AS n FROM EESZT_WRITE_BACK WHERE item_id = :item AND state = 'DUE'"
    return int(str(stage.medworks.rows(due, item=item)[0]["n"])) > 0


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Rows as an aligned table."""
    cells = [["" if row.get(name) is None else str(row.get(name)) for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[n]) for line in cells)]) for n, name in enumerate(columns)]
    lines = [list(columns), ["─" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
