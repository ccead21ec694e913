"""What the apps above complete in the same transaction."""

from django.dispatch import Signal

merged = Signal()
"""Sent by ``actions.merge`` with ``survivor``, ``duplicate`` and ``by``: whatever refers to the duplicate moves."""
