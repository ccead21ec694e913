"""A process that is killed between the commit of a command and the numbering of its events, again and again.

python -m tests.faults.dying CLINIC DOCTOR SERVICE PATIENT TIMES
"""

from __future__ import annotations

import os
import signal
import sys

import django


def main() -> None:
    """The command line; ends with an error if one did not die as it should."""
    clinic, doctor, service, patient, times = map(int, sys.argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
    django.setup()
    for _turn in range(times):
        child = os.fork()
        if child == 0:
            try:
                _walk_in_and_die(clinic, doctor, service, patient)
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "it lived on"
        assert os.WTERMSIG(status) == signal.SIGKILL


def _walk_in_and_die(clinic: int, doctor: int, service: int, patient: int) -> None:
    from clinics.models import Clinic, Doctor, Service
    from patients.models import Patient
    from queue import actions
    from realtime import receivers

    def die(rooms: list[str]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    # What is called on commit, in place of the numbering.
    receivers.deliver = die
    actions.walk_in(
        by=None,
        clinic=Clinic.objects.get(pk=clinic),
        doctor=Doctor.objects.get(pk=doctor),
        service=Service.objects.get(pk=service),
        patient=Patient.objects.get(pk=patient),
    )


if __name__ == "__main__":
    main()
