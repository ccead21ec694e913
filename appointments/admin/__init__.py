"""Working hours, time off, closing days, appointments. Whatever is written goes through appointments.actions."""

from appointments.admin import bookings, hours  # noqa: F401  (registers their pages)
