"""One step of the delivery protocol, taken by the real functions, and what may be wrong with the step itself."""

from __future__ import annotations

from datetime import datetime

from worlds import FAR_OFF, LEKERDEZES, NOW, OUTCOMES, WAITS, World, canonical

from runner.domain import steps
from runner.domain.outbox import FINAL, TRANSITIONS, Row, State, Step, Verdict, WardAnswer


class Protocol:
    """One kind of item under all rules but those left out."""

    def __init__(self, start: Row, without: frozenset[str] = frozenset()) -> None:
        self.without = without
        self.rows: list[Row] = []
        self.places: dict[Row, int] = {}
        self.known: dict[tuple[object, ...], tuple[int, Verdict, bool, str]] = {}
        self.tidied: dict[World, World] = {}
        self.last_phase = 2 if start.at_recording else int(start.send_by is not None)
        self.is_query = start is LEKERDEZES
        self.start = World(self.place(start))

    def place(self, row: Row) -> int:
        """The row's number."""
        if row not in self.places:
            self.places[row] = len(self.rows)
            self.rows.append(row)
        return self.places[row]

    def apply(self, w: World, verb: str, *args: object) -> tuple[World, Verdict]:
        """Take a step of the protocol and judge the step itself."""
        key = (w.row, w.phase, verb, *args)
        if key not in self.known:
            before = self.rows[w.row]
            step = self.take(before, NOW[w.phase], verb, *args)
            after = canonical(step.row, NOW[w.phase])
            fault = self.fault(before, after, w.phase, verb, args) if step.row is not before else ""
            self.known[key] = (self.place(after), step.verdict, step.queue_withdrawal, fault)
        row, verdict, queue, fault = self.known[key]
        return w._replace(row=row, withdrawal=w.withdrawal or queue, fault=w.fault or fault), verdict

    @staticmethod
    def take(row: Row, now: datetime, verb: str, *args: object) -> Step:
        """Call the real function."""
        match verb, args:
            case "claim" | "claim_probe", (int(token),):
                return getattr(steps, verb)(row, str(token), FAR_OFF, now)
            case "permit", (int(token),):
                return steps.permit(row, str(token), "m", FAR_OFF, now)
            case "complete", (int(token), str(heard)):
                return steps.complete(row, str(token), OUTCOMES[heard], WAITS, now)
            case "decide", (bool(alive),):
                return steps.decide(row, alive=alive, now=now)
            case "withdrawal_ended", (State() as state,):
                return steps.withdrawal_ended(row, state)
            case "fail_with_predecessor", ():
                return steps.fail_with_predecessor(row)
        return getattr(steps, verb)(row, now)

    def fault(self, before: Row, after: Row, phase: int, verb: str, args: tuple[object, ...]) -> str:
        """What is wrong with a step by itself."""
        if before.state is not after.state and "table" not in self.without:
            if after.state not in TRANSITIONS[before.state]:
                return f"{before.state} → {after.state} is no transition"
            if before.state in FINAL and args[1:] != ("accepted",):
                return f"{before.state} opened again without evidence"
        if after.state is State.SENDING and before.state is not State.SENDING:
            if before.state is not State.CLAIMED or before.claim_token != str(args[0]):
                return "sent what is not ours"
            if before.ward_answer is WardAnswer.PAPER:
                return "sent after the ward was told to use paper"
            if before.withdraw_asked_at is not None:
                return "sent what the HIS took back"
            if phase > 0:
                return "sent after send_by"
        if before.ward_answer in {WardAnswer.PRINT, WardAnswer.PAPER} and after.ward_answer is not before.ward_answer:
            return "the ward was told both"
        if after.ward_answer is WardAnswer.PRINT and before.ward_answer is not WardAnswer.PRINT:
            if phase == 2:
                return "a bar code shown after answer_by"
            if before.withdraw_asked_at is not None:
                return "a bar code shown of what the HIS took back"
        return ""

    def transitions(self) -> set[tuple[State, State]]:
        """All changes of state that were taken so far."""
        pairs = {(self.rows[key[0]].state, self.rows[step[0]].state) for key, step in self.known.items()}
        return {(before, after) for before, after in pairs if before is not after}
