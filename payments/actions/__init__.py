"""All writes to payments, their ledger and the cashiers' shifts."""

from payments.actions.cash import NotEnoughCash, ShiftOpen, close_shift, move_cash, open_shift
from payments.actions.clinics import require_changeable
from payments.actions.taking import (
    Overpaid,
    RefundExceedsPaid,
    follow_doctor,
    open_payment,
    process,
    refund,
    unvoid,
    void,
)

__all__ = [
    "NotEnoughCash",
    "Overpaid",
    "RefundExceedsPaid",
    "ShiftOpen",
    "close_shift",
    "follow_doctor",
    "move_cash",
    "open_payment",
    "open_shift",
    "process",
    "refund",
    "require_changeable",
    "unvoid",
    "void",
]
