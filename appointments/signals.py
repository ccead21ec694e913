"""What the apps above complete in the same transaction. Sent by actions, after the appointment is saved, with ``appointment``
and ``by``; a receiver that raises undoes the whole command."""

from django.dispatch import Signal

booked = Signal()
changed = Signal()
checked_in = Signal()
cancelled = Signal()
missed = Signal()
