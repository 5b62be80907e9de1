"""Programs that write a log in a process of their own: one to be killed, one whose disk is full."""

from __future__ import annotations

_BEGIN = """
import json, logging, resource, sys, threading
from pathlib import Path
from runner.app.service import SystemClock
from runner.audit.log import opened_log
from runner.errors import RunnerError
from tests.audit.desk import answer, request
folder, public_key = Path(sys.argv[1]), Path(sys.argv[2])
"""

WRITE = (
    _BEGIN
    + """
lock = threading.Lock()
def write():
    number = 0
    while True:
        number += 1
        anchor = log.write(request(number, b"x" * 3000))
        with lock:
            sys.stdout.write(json.dumps([anchor.chain, anchor.sequence, anchor.head]) + "\\n")
            sys.stdout.flush()
with opened_log(folder, "runner-1", public_key, SystemClock(), segment_bytes=200_000) as log:
    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
)
"""Writes from eight threads without end and prints the anchor of each entry when it is durable."""

FILL = (
    _BEGIN
    + """
events = []
class Events(logging.Handler):
    def emit(self, record):
        events.append(record.event)
logging.getLogger().addHandler(Events())
clock = SystemClock()
with opened_log(folder, "runner-1", public_key, clock) as log:
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    limit(20_000)
    refused = ""
    try:
        for number in range(100):
            log.write(request(number + 1000, b"x" * 3000))
    except RunnerError as error:
        refused = str(error)
    limit(10)
    try:
        log.write(request(5))
        at_once = False
    except RunnerError:
        at_once = True
    noted = log.note(answer(1))
    assert noted.anchor() is None
    back_while_full = log.try_again()
    limit(resource.RLIM_INFINITY)
    log._try_at = 0.0
    back = log.try_again()
    log.write(request(99))
    facts = dict(refused=refused, refused_at_once=at_once, back_while_full=back_while_full, back=back, events=events)
print(json.dumps(facts))
"""
)
"""Writes until the system takes no more, then gets room again, and prints what it was told."""
