"""People, places and hours for tests; what has rules is made by the real actions."""

from tests.factories.directory import (
    ClinicFactory,
    DoctorFactory,
    ServiceFactory,
    UserFactory,
    as_if,
    no_hours,
    work_all_day,
)
from tests.factories.patients import PatientFactory
from tests.factories.world import World, book, walk_in

__all__ = [
    "ClinicFactory",
    "DoctorFactory",
    "PatientFactory",
    "ServiceFactory",
    "UserFactory",
    "World",
    "as_if",
    "book",
    "no_hours",
    "walk_in",
    "work_all_day",
]
