"""All writes to visits: plan, arrive, call, start, … each locks, checks the table, writes, and keeps a step of history."""

from queue.actions.arriving import arrive, follow_change, follow_end, give_to, plan, walk_in
from queue.actions.attending import set_state, tell_name
from queue.actions.clinics import follow_clinic
from queue.actions.closing import StillToCome, StillWithDoctor, close_day, close_over_day, close_over_days
from queue.actions.closing import take_turn as take_closing_turn
from queue.actions.erasing import StillInQueue, erase
from queue.actions.following import FollowUp, answer_wishes, reopen_wishes, set_follow_up, write_note
from queue.actions.rearranging import move, set_priority, transfer
from queue.actions.record import DoctorBusy, lock
from queue.actions.stepping import (
    AlreadyCalled,
    NothingToUndo,
    QueueEmpty,
    call,
    call_next,
    cancel,
    complete,
    leave,
    put_back,
    skip,
    start,
    undo,
)

__all__ = [
    "AlreadyCalled",
    "DoctorBusy",
    "FollowUp",
    "NothingToUndo",
    "QueueEmpty",
    "StillInQueue",
    "StillToCome",
    "StillWithDoctor",
    "answer_wishes",
    "arrive",
    "call",
    "call_next",
    "cancel",
    "close_day",
    "close_over_day",
    "close_over_days",
    "complete",
    "erase",
    "follow_change",
    "follow_clinic",
    "follow_end",
    "give_to",
    "leave",
    "lock",
    "move",
    "plan",
    "put_back",
    "reopen_wishes",
    "set_follow_up",
    "set_priority",
    "set_state",
    "skip",
    "start",
    "take_closing_turn",
    "tell_name",
    "transfer",
    "undo",
    "walk_in",
    "write_note",
]
