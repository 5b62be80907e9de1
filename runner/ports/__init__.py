"""
The seams: what the parts promise each other. ``app`` alone puts implementations behind them.

Instants are aware UTC. A verb has the same name here, in ``queries.sql``, in metrics and in log events.
"""

from runner.ports.audit import Anchor, AuditLog, Entry, Noted
from runner.ports.clock import Clock
from runner.ports.database import (
    CodeCopy,
    Codes,
    Difference,
    Features,
    Grade,
    Inspected,
    Shapes,
    SqlColumn,
    SqlKind,
    Store,
)
from runner.ports.desk import Adopted, Adoption, Desk, Sent
from runner.ports.gateway import Delivery, Gateway, Message, Reply
from runner.ports.items import (
    Completion,
    DecisionNote,
    Item,
    LoginAtRecording,
    NewItem,
    PermitRequest,
    Permitted,
    Proof,
    TypeVersion,
    WriteBack,
)
from runner.ports.logins import (
    Directory,
    HisSession,
    Known,
    LoginBegun,
    LoginRequest,
    LoginRow,
    Logins,
    RefusedLogin,
    Sessions,
    Token,
    Tokens,
)
from runner.ports.outbox import DayTally, KeptFor, LaneHealth, Look, Outbox, ServiceReport

__all__ = [
    "Adopted",
    "Adoption",
    "Anchor",
    "AuditLog",
    "Clock",
    "CodeCopy",
    "Codes",
    "Completion",
    "DayTally",
    "DecisionNote",
    "Delivery",
    "Desk",
    "Difference",
    "Directory",
    "Entry",
    "Features",
    "Gateway",
    "Grade",
    "HisSession",
    "Inspected",
    "Item",
    "KeptFor",
    "Known",
    "LaneHealth",
    "LoginAtRecording",
    "LoginBegun",
    "LoginRequest",
    "LoginRow",
    "Logins",
    "Look",
    "Message",
    "NewItem",
    "Noted",
    "Outbox",
    "PermitRequest",
    "Permitted",
    "Proof",
    "RefusedLogin",
    "Reply",
    "Sent",
    "ServiceReport",
    "Sessions",
    "Shapes",
    "SqlColumn",
    "SqlKind",
    "Store",
    "Token",
    "Tokens",
    "TypeVersion",
    "WriteBack",
]
