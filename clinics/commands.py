"""One command is one transaction, and its end is known before the commit.

Django says when a transaction *was* committed, not when it is about to be. The event log needs the latter: the events of a
command are stored in the same transaction as its changes, in the order of the contract, and show the final state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.dispatch import Signal


class Command:
    """What one command has saved so far, in order; filled by receivers of ``post_save``."""

    def __init__(self) -> None:
        self.changes: list[Any] = []


before_commit = Signal()
"""Sent once at the end of each outermost command, inside its transaction, with ``command``."""


def current_command() -> Command | None:
    """The command that is running on this thread's connection, if any."""
    return getattr(transaction.get_connection(), "clinic_command", None)


@contextmanager
def command() -> Iterator[Command]:
    """Run the block as one command: all of it is committed, with its events, or nothing.

    Nested commands join the outermost one; if a nested one fails and the failure is caught, its changes are forgotten.
    """
    connection = transaction.get_connection()
    running = current_command()
    with transaction.atomic():
        if running is not None:
            mark = len(running.changes)
            try:
                yield running
            except BaseException:
                del running.changes[mark:]
                raise
            return
        fresh = Command()
        connection.clinic_command = fresh
        try:
            yield fresh
            before_commit.send(sender=Command, command=fresh)
        finally:
            connection.clinic_command = None
