"""All writes of the directory that have rules."""

from clinics.actions.records import open_clinic, save_record
from clinics.actions.staff import change_staff, create_staff, set_password

__all__ = ["change_staff", "create_staff", "open_clinic", "save_record", "set_password"]
