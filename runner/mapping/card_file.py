"""``cards/<profile>.yaml``: how one kind of card is spoken with at a login; all its problems in one run."""

from __future__ import annotations

from pathlib import Path

from runner.domain.card import Algorithm, CardProfile, Conversation, Takes
from runner.mapping.language import read_shaped
from runner.mapping.places import YamlFile
from runner.mapping.problems import Problems

_NEEDED = ("application", "certificate", "pin", "signing")


def read_cards(folder: Path, problems: Problems) -> dict[str, CardProfile]:
    """Read what is readable of the card profiles, noting what is wrong."""
    found: dict[str, CardProfile] = {}
    for path in sorted(folder.glob("*.yaml")):
        before = len(problems.found)
        file = read_shaped(path, "card", problems)
        if file is None:
            continue
        _check(path, file, problems)
        if len(problems.found) == before:
            found[path.stem] = CardProfile.of(file.data)
    return found


def _check(path: Path, file: YamlFile, problems: Problems) -> None:
    said = file.data
    if said.get("card", path.stem) != path.stem:
        instead = f"Call it {path.stem!r}, or the file {said['card']}.yaml"
        problems.add(2014, file.at("card"), what=f"the name {said['card']!r}", instead=instead)
    external = said.get("conversation") == Conversation.EXTERNAL
    for name in _NEEDED:
        if external and name in said:
            problems.add(2014, file.at(name), what=name, instead="The card's own client knows it; leave it out")
        elif not external and "conversation" in said and not file.says(name):
            problems.add(2007, file.at(), name=name)
    pin = said.get("pin", {})
    if {"least", "most"} <= pin.keys() and int(pin["least"]) > int(pin["most"]):
        expected = f"at most {pin['most']}, as `most` says"
        problems.add(2008, file.at("pin", "least"), expected=expected, got=repr(pin["least"]))
    if {"block", "most"} <= pin.keys() and pin.get("form") == "ascii" and int(pin["block"]) < int(pin["most"]):
        expected = "room for the longest PIN"
        problems.add(2008, file.at("pin", "block"), expected=expected, got=repr(pin["block"]))
    takes, algorithm = said.get("signing", {}).get("takes"), said.get("algorithm")
    if takes == Takes.DIGEST_INFO and algorithm not in {None, Algorithm.RSA_PKCS1_SHA256}:
        expected = f"what {algorithm} is given: digest or message"
        problems.add(2008, file.at("signing", "takes"), expected=expected, got=repr(takes))
