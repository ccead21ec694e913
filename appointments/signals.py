"""What the apps above complete in the same transaction. Sent after the appointment is saved, by its first save (``booked``) or by
actions, with ``appointment`` and ``by`` (``missed`` also with ``step``, the word for the visit's history); a receiver that raises undoes the whole command."""

from django.dispatch import Signal

booked = Signal()
changed = Signal()
checked_in = Signal()
cancelled = Signal()
missed = Signal()
