"""``demo``: the main job end to end, without Oracle, card or account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import app
from runner.cli.output import DONE, FAILED
from runner.demo.scenes import SCENES
from runner.demo.show import demonstrate, play
from runner.demo.site import MARK, DemoSite

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("demo", help="show the main job end to end on an embedded database and a simulator")
    command.add_argument("--scene", action="append", choices=list(SCENES), help="only this scene (may be given again)")
    command.add_argument(
        "--folder", type=Path, default=Path("demo-site"), help="where it leaves its files (default demo-site)"
    )
    command.add_argument(
        "--play", action="store_true", help="start everything on the last demonstration's database, with an SQL prompt"
    )
    command.set_defaults(handle=demo)


def demo(args: argparse.Namespace) -> int:
    """Show it; 0 only if every row ended as it should."""
    pack = app.default_pack()
    if args.play:
        if not (args.folder / MARK).exists():
            print(f"There is no demonstration in {args.folder}/ yet: run `make demo` first.")
            return FAILED
        return DONE if play(DemoSite(args.folder.resolve()), pack, app.opened_his) else FAILED
    try:
        good = demonstrate(args.folder, pack, args.scene or list(SCENES), app.install_example, app.opened_his)
    except FileExistsError as error:
        print(error)
        return FAILED
    return DONE if good else FAILED
