"""``items``: what stands where, the story of one item, and the two things an operator may do to it."""

from __future__ import annotations

import argparse
import json
from difflib import get_close_matches
from typing import Any

from runner import app
from runner.cli.output import DONE, FAILED, PERSON, add_json, listing
from runner.domain.outbox import State

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

STORY = {
    "item": "SELECT * FROM EESZT_V_STATUS WHERE item_id = :item",
    "message": "SELECT message_id, digest, acting_user, expires_at, mapping_version, body IS NULL AS body_purged"
    " FROM EESZT_MESSAGE WHERE item_id = :item",
    "attempts": "SELECT * FROM EESZT_ATTEMPT WHERE item_id = :item ORDER BY attempt_id",
    "identifiers": "SELECT name, value FROM EESZT_IDENTIFIER WHERE item_id = :item",
    "write-backs": "SELECT table_name, state, tries, error FROM EESZT_WRITE_BACK WHERE item_id = :item",
    "withdrawn by": "SELECT item_id, state, status_text FROM EESZT_V_STATUS WHERE withdraws = :item",
}


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
        rows = store.desk.rows(LIST, state=args.state, most=args.most)
    print(listing(rows, COLUMNS, as_json=args.json))
    return DONE


def story(args: argparse.Namespace) -> int:
    """Print one item's story on one screen."""
    with app.opened_store(args.settings) as store:
        parts = {name: store.desk.rows(sql, item=args.item) for name, sql in STORY.items()}
    if not parts["item"]:
        print(f"There is no item {args.item}.")
        return FAILED
    if args.json:
        print(
            json.dumps(
                {name: [dict(row) for row in rows] for name, rows in parts.items()},
                ensure_ascii=False,
                indent=2,
                default=str,
            )
        )
        return DONE
    for name, value in parts.pop("item")[0].items():
        if value is not None:
            print(f"{name:20} {value}")
    for name, rows in parts.items():
        if rows:
            print(f"\n{name}")
            print(listing(rows, [column for column in rows[0] if column != "item_id"]))
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
    print(f"item {args.item} is {state}; its withdrawal goes out under its prescriber's login")
    return PERSON
