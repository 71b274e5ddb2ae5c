"""Be on time: as near to a deadline as Python and the system allow.

What makes a frame late is the system that wakes us late (up to some milliseconds when it is busy), another thread
that keeps the interpreter's lock (5 ms by default), and the garbage collector's walk over everything that was
loaded. Each is met here; rights that the user does not have are done without.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator

__all__ = ["priority", "prompt", "sleep_until"]

#: The system wakes a sleeper about this much late; the rest of the way is waited for awake.
_AWAKE_S = 0.0003
#: How long a thread may keep the interpreter's lock while others wait.
_SWITCH_S = 0.0005
#: Nice value of a thread that may not have real-time priority.
_NICE = -10


@contextlib.contextmanager
def prompt() -> Iterator[None]:
    """Make threads hand over quickly, and keep the garbage collector from what is already loaded, for a while."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(min(before_s, _SWITCH_S))
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before_s)


@contextlib.contextmanager
def priority() -> Iterator[str]:
    """Have the system wake this thread before others; gives what it granted: "real time", "nice" or "none".

    The lowest real-time priority where we may (Linux: root or ``ulimit -r``), else a lower nice value, else nothing.
    Threads that this one starts do not inherit real time.
    """
    thread = threading.get_native_id()
    with contextlib.ExitStack() as stack:
        try:
            before = os.sched_getscheduler(0), os.sched_getparam(0)
            lowest = os.sched_param(os.sched_get_priority_min(os.SCHED_RR))
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, lowest)
            stack.callback(os.sched_setscheduler, 0, *before)
            granted = "real time"
        except (AttributeError, OSError):
            try:
                # On Linux threads have nice values of their own.
                nice = os.getpriority(os.PRIO_PROCESS, thread)
                os.setpriority(os.PRIO_PROCESS, thread, min(nice, _NICE))
                stack.callback(os.setpriority, os.PRIO_PROCESS, thread, nice)
                granted = "nice"
            except (AttributeError, OSError):
                granted = "none"
        yield granted


def sleep_until(due_s: float) -> None:
    """Return at a time of ``time.perf_counter()``, or at once if it is over."""
    while (left_s := due_s - time.perf_counter()) > 0:
        if left_s > _AWAKE_S:
            time.sleep(left_s - _AWAKE_S)
