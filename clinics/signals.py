"""What the apps above have a say in before a clinic is saved. A receiver that raises a refusal undoes the whole command."""

from django.dispatch import Signal

clinic_changing = Signal()
"""Sent in the transaction that saves a clinic, before the save and with its row locked, with ``clinic`` as it is to be and ``was``:
the values that change by field, as they are now (none of them for a new clinic)."""
