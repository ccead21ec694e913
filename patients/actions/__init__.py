"""All writes to patients' files: register, change, merge, un-merge, erase; and the log of who read them."""

from patients.actions.erasing import erase, forget_answers_of, rename_in_admin_log
from patients.actions.files import (
    AlreadyMerged,
    Erased,
    PossibleDuplicate,
    change,
    lock,
    lock_current,
    log_access,
    refuse_erased,
    register,
    require_standing,
)
from patients.actions.merging import MergeUnknown, NotMerged, merge, unmerge

__all__ = [
    "AlreadyMerged",
    "Erased",
    "MergeUnknown",
    "NotMerged",
    "PossibleDuplicate",
    "change",
    "erase",
    "forget_answers_of",
    "lock",
    "lock_current",
    "log_access",
    "merge",
    "refuse_erased",
    "register",
    "rename_in_admin_log",
    "require_standing",
    "unmerge",
]
