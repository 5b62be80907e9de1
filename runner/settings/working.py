"""The sections of the settings file on how lanes work, how long is waited, and when a service is left alone."""

from __future__ import annotations

from dataclasses import dataclass

from runner.settings.forms import Count, Duration


@dataclass(frozen=True, slots=True)
class Lane:
    """
    Overrides of outboxes.yaml for one lane; what is left out stays as it is there.

    Attributes:
        poll_s: Time between two looks at a busy outbox.
        idle_poll_s: Longest time between two looks at an idle one.
        batch: Most rows taken at once.
        senders: Most messages on the wire at once.
        lease_s: How long a row is ours; 2s longer at least than connecting and reading may take together.
    """

    poll_s: Duration | None = None
    idle_poll_s: Duration | None = None
    batch: Count | None = None
    senders: Count | None = None
    lease_s: Duration | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """
    Overrides of the delivery protocol's waiting times, for every document type; for drills and demonstrations.

    Attributes:
        retry_s: Before the first further try; doubled with each.
        retry_most_s: Upper bound of that.
        probe_s: Before the first question after an item's fate; doubled with each.
        probe_most_s: Upper bound of that.
        settle_s: After a message's expiry, before its absence is believed.
        give_up_s: After the send, before an item that nobody can tell of is left to a person.
        follow_up_s: After an ending by absence, before it is asked after once more.
    """

    retry_s: Duration | None = None
    retry_most_s: Duration | None = None
    probe_s: Duration | None = None
    probe_most_s: Duration | None = None
    settle_s: Duration | None = None
    give_up_s: Duration | None = None
    follow_up_s: Duration | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """
    When a service counts as interrupted.

    Attributes:
        items: Different items that must fail within the window.
        window_s: The window.
        try_s: Until the first harmless call that asks whether it is back; doubled after each that fails.
        longest_try_s: Upper bound of that.
    """

    items: Count = 2
    window_s: Duration = 30.0
    try_s: Duration = 2.0
    longest_try_s: Duration = 30.0
