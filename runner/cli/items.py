"""``items``: what stands where, the story of one item, a day's figures, and the two things an operator may do to it."""

from __future__ import annotations

import argparse
import json
from datetime import date
from difflib import get_close_matches
from typing import Any

from runner import app
from runner.cli.output import DONE, FAILED, PERSON, add_json, listing
from runner.cli.story import screen
from runner.domain.outbox import FINAL, State

COLUMNS = (
    "item_id",
    "document_type",
    "source_key",
    "state",
    "ward_answer",
    "acting_user",
    "eeszt_id",
    "reason_code",
    "status_text",
)

LIST = "SELECT * FROM EESZT_V_STATUS WHERE (:state IS NULL OR state = :state) ORDER BY item_id DESC LIMIT :most"

FIGURES = ("day", "lane", "document_type", "state", "number", "p50_s", "p95_s", "retries", "probes", "paper")

DAY = """
SELECT * FROM EESZT_DAY WHERE day = coalesce(:day, (SELECT max(day) FROM EESZT_DAY))
 ORDER BY lane, document_type, state"""


def add(commands: Any) -> None:
    """Add the command group."""
    group = commands.add_parser("items", help="look at items and act on them").add_subparsers(
        metavar="ACTION", required=True
    )
    command = group.add_parser("list", help="the newest items")
    command.add_argument("--state", type=_state, metavar="STATE", help=f"only items in this state: {', '.join(State)}")
    command.add_argument("--most", type=_count, default=50, metavar="N", help="at most so many (default 50)")
    add_json(command)
    command.set_defaults(handle=show_list)
    command = group.add_parser("story", help="everything that is known of one item, without patients' data")
    command.add_argument("item", type=int)
    add_json(command)
    command.set_defaults(handle=story)
    command = group.add_parser("stats", help="what ended on a day, by outbox, document type and end")
    command.add_argument(
        "--day", metavar="YYYY-MM-DD", type=_day, help="in Europe/Budapest (default: the last that was counted)"
    )
    add_json(command)
    command.set_defaults(handle=stats)
    command = group.add_parser("retry", help="let a WAITING or PARKED item go now")
    command.add_argument("item", type=int)
    command.set_defaults(handle=retry)
    command = group.add_parser("withdraw", help="take an item back as the HIS would")
    command.add_argument("item", type=int)
    command.add_argument("--by", metavar="HIS_USER", help="who asks (default: who recorded it)")
    command.set_defaults(handle=withdraw)


def _state(text: str) -> str:
    """Read the name of a state; argparse makes the refusal a usage error."""
    if text.upper() in list(State):
        return text.upper()
    close = get_close_matches(text.upper(), State, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    raise argparse.ArgumentTypeError(f"unknown state {text!r}; {meant}There are: {', '.join(State)}")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def show_list(args: argparse.Namespace) -> int:
    """Print the newest items."""
    with app.opened_store(args.settings) as store:
        rows = [app.legible(row) for row in store.desk.rows(LIST, state=args.state, most=args.most)]
    print(listing(rows, COLUMNS, as_json=args.json))
    return DONE


def story(args: argparse.Namespace) -> int:
    """Print one item's story on one screen."""
    with app.opened_desk(args.settings) as desk:
        told = app.story_of(desk, args.item)
    if told is None:
        print(f"There is no item {args.item}.")
        return FAILED
    print(json.dumps(told, ensure_ascii=False, indent=2, default=str) if args.json else screen(told))
    return DONE


def _day(text: str) -> str:
    """Take a day of the calendar."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, write it as 2026-03-02") from None


def stats(args: argparse.Namespace) -> int:
    """Print a day's figures; the daemon counts every ten minutes."""
    with app.opened_store(args.settings) as store:
        rows = store.desk.rows(DAY, day=args.day)
    if args.json or rows:
        print(listing(rows, FIGURES, as_json=args.json))
    else:
        print("Nothing was counted" + (f" on {args.day}." if args.day else "."))
    return DONE


def retry(args: argparse.Namespace) -> int:
    """Let an item go now."""
    with app.opened_store(args.settings) as store:
        state = store.desk.retry(args.item)
    print(f"item {args.item} is {state}")
    return DONE


def withdraw(args: argparse.Namespace) -> int:
    """Withdraw an item; 3 where a person must still log in for it."""
    with app.opened_store(args.settings) as store:
        rows = store.desk.rows("SELECT recorded_by FROM EESZT_V_STATUS WHERE item_id = :item", item=args.item)
        by = args.by or (str(rows[0]["recorded_by"]) if rows else "")
        state = store.desk.withdraw(args.item, by)
    if state == "CANCELLED":
        print(f"item {args.item} is withdrawn; nothing was sent")
        return DONE
    if state in FINAL and state is not State.ACCEPTED:
        print(f"item {args.item} ended as {state}: it is not at the EESZT, and there is nothing to withdraw")
        return FAILED
    print(f"item {args.item} is {state}; its withdrawal goes out under its prescriber's login")
    return PERSON
