"""One command is one transaction, and its end is known before the commit.

Django says when a transaction *was* committed, not when it is about to be. The event log needs the latter: the events of a
command are stored in the same transaction as its changes, in the order of the contract, and show the final state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class _Noted:
    """A change, kept among the connection's ``on_commit`` callbacks: a savepoint that is rolled back takes it along."""

    change: Any

    def __call__(self) -> None:
        """Nothing is left to do at the commit."""


class Command:
    """What one command has saved so far, in order; filled by receivers of ``post_save``."""

    def __init__(self) -> None:
        self._connection = transaction.get_connection()
        self._start = len(self._connection.run_on_commit)

    def note(self, change: Any) -> None:
        """Remember a change until the command ends, unless what saved it is rolled back."""
        transaction.on_commit(_Noted(change))

    @property
    def changes(self) -> list[Any]:
        """What was noted and not rolled back."""
        return [entry[1].change for entry in self._entries() if isinstance(entry[1], _Noted)]

    def _entries(self) -> list[Any]:
        # Entries of before the command can't go while it runs: only their own savepoints would take them.
        return list(self._connection.run_on_commit[self._start :])

    def forget(self) -> None:
        """The command has ended: what was noted is told, or undone."""
        self._connection.run_on_commit[self._start :] = [e for e in self._entries() if not isinstance(e[1], _Noted)]


before_commit = Signal()
"""Sent once at the end of each outermost command, inside its transaction, with ``command``."""


def current_command() -> Command | None:
    """The command that is running on this thread's connection, if any."""
    return getattr(transaction.get_connection(), "clinic_command", None)


@contextmanager
def command() -> Iterator[Command]:
    """Run the block as one command: all of it is committed, with its events, or nothing.

    Nested commands join the outermost one; if a nested one (or any savepoint) fails and the failure is caught, its changes are
    forgotten.
    """
    connection = transaction.get_connection()
    running = current_command()
    with transaction.atomic():
        if running is not None:
            yield running
            return
        fresh = connection.clinic_command = Command()
        try:
            yield fresh
            before_commit.send(sender=Command, command=fresh)
        finally:
            connection.clinic_command = None
            fresh.forget()
