"""How each lane works, and whether its times fit each other: a row that can never go in time must not begin."""

from __future__ import annotations

from collections.abc import Iterator

from runner.daemon.work import LaneSettings
from runner.errors import RunnerError, fault
from runner.mapping import Mappings
from runner.settings import Settings

MARGIN_S = 2.0
"""What a lease must last beyond its longest send: to prepare a batch, wait for a sender and be permitted."""

BRIEF_S = 1.0
"""What a message must live, or a window stay open, beyond the time in which a connection is made."""


def lane_settings(settings: Settings, mappings: Mappings, name: str) -> LaneSettings:
    """Give how a lane works: what outboxes.yaml says, unless the settings say otherwise."""
    outbox, site = mappings.outboxes[name], settings.lanes.get(name)
    read_s = getattr(settings.eeszt, f"{_read_timeout(mappings, name)}_s")
    return LaneSettings(
        name=name,
        trusted=outbox.recorder == "trusted",
        poll_s=(site and site.poll_s) or outbox.poll_s,
        idle_poll_s=(site and site.idle_poll_s) or outbox.idle_poll_s,
        batch=(site and site.batch) or outbox.batch,
        senders=(site and site.senders) or outbox.senders,
        lease_s=(site and site.lease_s) or outbox.lease_s,
        read_s=read_s,
        connect_s=settings.eeszt.connect_timeout_s,
    )


def _read_timeout(mappings: Mappings, name: str) -> str:
    """Name the setting of a lane's longest wait for an answer."""
    kinds = [kind for kind in mappings.types.values() if kind.version.lane == name]
    interactive = any(kind.version.answer_limit_s is not None for kind in kinds)
    return "interactive_read_timeout" if interactive else "read_timeout"


def message_life_s(settings: Settings, mappings: Mappings) -> float:
    """Give how long a message is valid by its own word: as the contract says at most."""
    longest_s = mappings.pack.security.timestamp_life_s
    return min(settings.eeszt.message_life_s or longest_s, longest_s)


def timing_problems(settings: Settings, mappings: Mappings) -> list[RunnerError]:
    """Give every time by which something would be claimed for ever, expire before it is taken, or come too late."""
    return [*_leases(settings, mappings), *_life(settings, mappings), *_windows(settings, mappings)]


def _leases(settings: Settings, mappings: Mappings) -> Iterator[RunnerError]:
    for name in mappings.outboxes:
        lane, key = lane_settings(settings, mappings, name), f"lanes.{name}.lease"
        least_s = lane.send_s + MARGIN_S
        if lane.lease_s < least_s:
            read = f"eeszt.{_read_timeout(mappings, name)}"
            facts = {"lease": _said(lane.lease_s), "read": read, "least": _said(least_s), "send": _said(lane.send_s)}
            yield fault(1056, settings.places.get(key, settings.places.get(read, "outboxes.yaml")), name=key, **facts)


def _life(settings: Settings, mappings: Mappings) -> Iterator[RunnerError]:
    life_s, least_s = message_life_s(settings, mappings), settings.eeszt.connect_timeout_s + BRIEF_S
    if life_s < least_s:
        key = "eeszt.message_life" if settings.eeszt.message_life_s is not None else "eeszt.connect_timeout"
        where = settings.places.get(key, str(settings.eeszt.contract))
        yield fault(1057, where, life=_said(life_s), least=_said(least_s))


def _windows(settings: Settings, mappings: Mappings) -> Iterator[RunnerError]:
    least_s = settings.eeszt.connect_timeout_s
    where = settings.places.get("eeszt.connect_timeout", "rules.yaml")
    for name, kind in mappings.types.items():
        send_s, answer_s = kind.version.send_limit_s, kind.version.answer_limit_s
        if answer_s is None or send_s is None:
            continue
        if answer_s <= send_s:
            facts = {"send": _said(send_s), "answer": _said(answer_s)}
            yield fault(1058, "rules.yaml", document_type=name, **facts)
        if send_s <= least_s:
            facts = {"send": _said(send_s), "connect": _said(least_s)}
            yield fault(1059, where, document_type=name, **facts)


def _said(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
