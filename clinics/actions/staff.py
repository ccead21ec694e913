"""Members of staff are taken on, changed and sent away; an admin decides about their own clinics and nobody above them.

Passwords are checked by AUTH_PASSWORD_VALIDATORS, stored as a hash, and in no history, log or answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import InvalidInput, NotAllowed, StaleVersion
from clinics.models import Clinic, Doctor, Role, User

PERSONAL = ("username", "first_name", "last_name", "email", "role", "is_active")
"""What counts at every clinic a person works at; where they work is decided by each clinic."""


def create_staff(
    *,
    by: User,
    username: str,
    password: str,
    role: str,
    clinics: Collection[Clinic],
    doctor: Doctor | None = None,
    **fields: Any,
) -> User:
    """Take somebody on, with a first password that they were told; raises ``InvalidInput``, ``NotAllowed``."""
    with command():
        _require_own_clinics(by, clinics)
        user = User(username=username, role=role, is_staff=role == Role.ADMIN, **fields)
        user._history_user = by  # type: ignore[attr-defined]
        if wrong := {**_unsound(user), **_weak(password, user)}:
            raise InvalidInput(**wrong)
        user.set_password(password)
        _save(user)
        user.clinics.set(clinics)
        _link(user, doctor, by)
    return user


def change_staff(user: User, *, by: User, version: int | None = None, **fields: Any) -> User:
    """Change a person's name, role, clinics, doctor, or whether they may log in; open sockets follow.

    ``clinics`` are those of ``by``'s: assignments elsewhere stay. Raises ``InvalidInput``, ``NotAllowed``, ``StaleVersion``.
    """
    with command():
        fresh = _locked(user, version, by)
        changed = {name: fields[name] for name in PERSONAL if name in fields and fields[name] != getattr(fresh, name)}
        if changed:
            _require_may_change(fresh, by, changed)
            for name, value in changed.items():
                setattr(fresh, name, value)
            if "role" in changed:
                # Whoever administers a clinic gets into Django admin, and nobody else.
                fresh.is_staff = fresh.is_superuser or fresh.role == Role.ADMIN
            if wrong := _unsound(fresh):
                raise InvalidInput(**wrong)
            _save(fresh, [*changed, "is_staff"])
        if "clinics" in fields:
            _assign(fresh, by, fields["clinics"])
        if "doctor" in fields or ("role" in changed and fresh.role != Role.DOCTOR):
            _link(fresh, fields.get("doctor"), by)
    return User.objects.get(pk=fresh.pk)


def set_password(user: User, *, by: User, password: str, version: int | None = None) -> User:
    """Give somebody another password: what they had open is logged out. Raises ``InvalidInput``, ``NotAllowed``."""
    with command():
        fresh = _locked(user, version, by)
        _require_not_shared(fresh, by)
        if wrong := _weak(password, fresh):
            raise InvalidInput(**wrong)
        fresh.set_password(password)
        fresh.save(update_fields=["password"])
    return fresh


def works_elsewhere(clinics: Any, by: User) -> bool:
    """Does the person or doctor with these ``clinics`` also work where ``by`` has nothing to say?"""
    return not by.is_superuser and bool(clinics.exclude(pk__in=by.clinic_ids()).exists())


def _locked(user: User, version: int | None, by: User) -> User:
    fresh = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if version is not None and version != fresh.version:
        raise StaleVersion(_("Somebody else has changed this meanwhile. Look at it again."), current=fresh)
    fresh._history_user = by  # type: ignore[attr-defined]
    return fresh


def _require_may_change(user: User, by: User, changed: Iterable[str]) -> None:
    _require_not_shared(user, by)
    if user.pk == by.pk and {"role", "is_active"} & set(changed):
        raise NotAllowed(_("You can't lock yourself out. Ask another administrator."))


def _require_not_shared(user: User, by: User) -> None:
    if user.is_superuser and not by.is_superuser:
        raise NotAllowed(_("Only a superuser may change a superuser."))
    if works_elsewhere(user.clinics, by):
        # A new role or password would count there too: with it one could look in there.
        raise NotAllowed(_("This person also works at clinics that aren't yours; only their clinics can be changed."))


def _require_own_clinics(by: User, clinics: Collection[Clinic]) -> None:
    if not clinics:
        raise InvalidInput(clinics=_("Choose at least one of your clinics."))
    if not {clinic.pk for clinic in clinics} <= set(by.clinic_ids()):
        raise InvalidInput(clinics=_("Choose among your own clinics."))


def _unsound(user: User) -> dict[str, str]:
    """What is wrong with the person's fields, by field."""
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        return {name: " ".join(sentences) for name, sentences in error.message_dict.items()}
    # Two names that differ in capitals alone are one to people.
    if User.objects.filter(username__iexact=user.username).exclude(pk=user.pk).exists():
        return {"username": _("Somebody has this user name already. Choose another.")}
    return {}


def _weak(password: str, user: User) -> dict[str, str]:
    """What is wrong with the password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": " ".join(error.messages)}
    return {}


def _save(user: User, update_fields: list[str] | None = None) -> None:
    try:
        with command():
            user.save(update_fields=update_fields)
    except IntegrityError as error:
        raise InvalidInput(username=_("Somebody has this user name already. Choose another.")) from error


def _assign(user: User, by: User, clinics: Collection[Clinic]) -> None:
    own = set(by.clinic_ids())
    held = set(user.clinics.values_list("pk", flat=True))
    wanted = (held - own) | {clinic.pk for clinic in clinics}
    if not {clinic.pk for clinic in clinics} <= own:
        raise InvalidInput(clinics=_("Choose among your own clinics."))
    if not wanted and not user.is_superuser:
        raise InvalidInput(clinics=_("Choose at least one of your clinics."))
    if wanted != held:
        user.clinics.set(wanted)


def _link(user: User, doctor: Doctor | None, by: User) -> None:
    """Make ``user`` the login of ``doctor``, and of no other."""
    held = Doctor.objects.select_for_update(no_key=True).filter(user=user).first()
    if (held and held.pk) == (doctor and doctor.pk):
        return
    for each in filter(None, (held, doctor)):
        if works_elsewhere(each.clinics, by):
            raise InvalidInput(doctor=_("This doctor also works at clinics that aren't yours. Ask their administrator."))
    if held is not None:
        held.user = None
        held.save(update_fields=["user"])
    if doctor is None:
        return
    if user.role != Role.DOCTOR:
        raise InvalidInput(doctor=_("Only somebody with the role of a doctor has a queue of their own."))
    fresh = Doctor.objects.select_for_update(no_key=True).get(pk=doctor.pk)
    if fresh.user_id is not None:
        raise InvalidInput(doctor=_("This doctor has a login already."))
    fresh.user = user
    fresh.save(update_fields=["user"])
