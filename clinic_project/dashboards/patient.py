"""A patient's file as a page: what is known, what was and is to come, who may be the same person. Forms, so that it works
without JavaScript too; doctors read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from appointments.models import Appointment
from clinic_project.dashboards import access
from clinic_project.dashboards.booking_words import alike_words
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinic_project.dashboards.words import labels
from clinics.exceptions import DomainError, StaleVersion
from clinics.language import filled, in_digits
from clinics.models import User
from clinics.permissions import DESK, DOCTOR
from patients import actions
from patients.duplicates import Candidate, similar_files
from patients.models import FileAccess, Patient, PatientMerge
from patients.serializers import PatientSerializer
from queue.models import Visit

MOST = 30
FIELDS = ("full_name", "phone", "birth_date", "sex", "email", "address", "notes")


def _found(pk: int) -> Patient:
    patient = Patient.objects.select_related("merged_into").filter(pk=pk).first()
    if patient is None:
        raise Http404
    return patient


def _require_desk(user: User) -> None:
    if user.effective_role not in DESK:
        raise PermissionDenied(_("Your role may not do this."))


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of a form: the status of the answer; what is wrong, and what the fields show, where that isn't what was typed.
    ``read`` is the file from which the latter was made: the form shows its version, for a later one holds values that nobody saw."""

    status: int = 200
    errors: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
    read: Patient | None = None


@access.staff_page
def patient(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file; a POST changes it."""
    user, file = access.person(request), _found(pk)
    sent = _Sent()
    if request.method == "POST":
        _require_desk(user)
        sent = _change(request, file)
        file = sent.read or _found(pk)
        if sent.status == 200 or file.erased_at is not None:
            return redirect("patient", pk=pk)
    elif file.merged_into is not None:
        messages.info(
            request, filled(_("{number} ({name}) was merged into this file."), number=file.record_number, name=file.full_name)
        )
        return redirect("patient", pk=file.merged_into_id)
    actions.log_access([file], by=user, how=FileAccess.How.OPENED)
    with timezone.override(_zone(request)):
        return render(request, "patients/page.html", _shown(request, file, sent), status=sent.status)


def _zone(request: HttpRequest) -> dt.tzinfo:
    """Of the clinic from which the page is looked at; a file itself is of no clinic."""
    clinics = access.clinics_of(access.person(request))
    return access.chosen(request, clinics).zone if clinics else timezone.get_default_timezone()


def _change(request: HttpRequest, file: Patient) -> _Sent:
    """Save what was sent and say so, or say why not."""
    sent: dict[str, Any] = {
        name: request.POST[name].replace("\r\n", "\n") for name in (*FIELDS, "version") if name in request.POST
    }
    if sent.get("birth_date") == "":
        sent["birth_date"] = None
    checked = PatientSerializer(file, data=sent, partial=True)
    if not checked.is_valid():
        return _Sent(400, dict(checked.errors))
    typed = checked.validated_data
    # What a browser can't send back as it is stored is no change.
    touched = {name: value for name, value in typed.items() if _in_form(name, value) != _in_form(name, getattr(file, name))}
    if "version" in typed:
        touched["version"] = typed["version"]
    try:
        # What became of it says more than that it has changed.
        actions.require_standing(file)
        actions.change(file, by=access.person(request), **touched)
    except actions.AlreadyMerged:
        # The page itself says where to go on.
        return _Sent(409)
    except StaleVersion as refusal:
        kept = _("What you typed is kept, all else is as it is stored now. Save again if that is right.")
        messages.error(request, f"{sentence_of(refusal)} {kept}")
        return _beside(file.pk, typed)
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
        return _Sent(refusal.status if isinstance(refusal, DomainError) else 503)
    messages.success(request, _("The file is saved."))
    return _Sent()


def _in_form(name: str, value: Any) -> Any:
    """What a browser sends for the stored value, its space trimmed: a text in which all lines end alike, or a single line."""
    if not isinstance(value, str):
        return value
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    return (plain if name == "notes" else plain.replace("\n", "")).strip()


def _beside(pk: int, typed: Mapping[str, Any]) -> _Sent:
    """Somebody else has saved meanwhile: which fields show what is stored, since this person hasn't touched them; and which
    both have changed."""
    now = _found(pk)
    seen = now.history.filter(version=typed.get("version")).order_by("-history_id").first()
    conflicts: dict[str, list[str]] = {}
    shown: dict[str, Any] = {}
    for name in FIELDS:
        stored = getattr(now, name)
        was, mine, theirs = (_in_form(name, value) for value in (getattr(seen, name, None), typed.get(name), stored))
        if name not in typed or mine == was:
            shown[name] = stored
        elif theirs not in (was, mine):
            conflicts[name] = [filled(_("Somebody else wrote: {value}"), value=_readable(now, name) or _("nothing"))]
    return _Sent(409, conflicts, shown, now)


def _readable(file: Patient, name: str) -> str:
    """A field of the file as people read it."""
    value = getattr(file, name)
    if isinstance(value, dt.date):
        return in_digits(date_format(value, "j M Y"))
    return capfirst(str(file.get_sex_display())) if name == "sex" else str(value or "")


@access.staff_page
def merging(request: HttpRequest, pk: int, verb: str) -> HttpResponseBase:
    """Two files become one, or two again."""
    user, file = access.person(request), _found(pk)
    if request.method != "POST":
        return redirect("patient", pk=pk)
    _require_desk(user)
    raw = request.POST.get("duplicate", "")
    if verb not in ("merge", "unmerge") or not access.is_key(raw):
        raise Http404
    action = actions.merge if verb == "merge" else actions.unmerge
    try:
        action(file, duplicate=_found(int(raw)), by=user)
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
    else:
        messages.success(
            request, _("The files are one now.") if verb == "merge" else _("The files are two again, as they were.")
        )
    return redirect("patient", pk=pk)


def _shown(request: HttpRequest, file: Patient, sent: _Sent) -> dict[str, Any]:
    user, status = access.person(request), sent.status
    is_desk = user.effective_role in DESK
    words, reasons = labels(), alike_words()
    # Of the caller's clinics; of a colleague's appointments a doctor reads nothing (contract/api.md, section 1).
    booked = Appointment.objects.filter(patient=file, clinic__in=user.clinic_ids()).select_related(
        "clinic", "doctor", "service"
    )
    if user.effective_role == DOCTOR:
        booked = booked.filter(doctor=user.doctor_id)
    now = timezone.now()
    visits = Visit.objects.filter(patient=file, clinic__in=user.clinic_ids()).exclude(status=Visit.Status.PLANNED)
    merges = PatientMerge.objects.filter(survivor=file).select_related("duplicate", "by").order_by("-pk")
    candidates: list[Candidate] = []
    stands = file.erased_at is None and file.merged_into is None
    if is_desk and stands:
        candidates = similar_files(full_name=file.full_name, phone=file.phone, birth_date=file.birth_date, exclude=file.pk)
        actions.log_access([each.patient for each in candidates], by=user, how=FileAccess.How.FOUND)
    return {
        **access.frame(request, []),
        "patient": file,
        "may_edit": is_desk and stands,
        "is_desk": is_desk,
        "errors": sent.errors,
        # What was refused stays in the form.
        "given": {
            **{name: request.POST.get(name, "") if status != 200 else getattr(file, name) for name in FIELDS},
            **sent.shown,
        },
        "typed": _typed(request, file) if file.merged_into is not None else [],
        # Who was told that it has changed may save again.
        "version": file.version if status == 200 or sent.read is not None else request.POST.get("version", file.version),
        "sexes": Patient._meta.get_field("sex").choices,
        "today": timezone.localdate(),
        "coming": [_booking(each, words) for each in booked.filter(end__gt=now).order_by("start", "pk")[:MOST]],
        "past": [_booking(each, words) for each in booked.filter(~Q(end__gt=now)).order_by("-start", "-pk")[:MOST]],
        "visits": [
            {"row": each, "status_label": words[f"visit.{each.status}"]}
            for each in visits.select_related("clinic", "doctor", "service").order_by("-date", "-pk")[:MOST]
        ],
        "candidates": [{"patient": each.patient, "why": reasons[f"why.{each.why}"]} for each in candidates],
        "merges": merges,
    }


def _typed(request: HttpRequest, file: Patient) -> list[tuple[str, str]]:
    """What somebody has written into a file that is merged by now, to be copied: the fields that differ from it, with their names."""
    sent = {name: _in_form(name, request.POST.get(name, "")) for name in FIELDS}
    changed = [name for name in FIELDS if sent[name] != _in_form(name, str(getattr(file, name) or ""))]
    return [(capfirst(str(Patient._meta.get_field(name).verbose_name)), sent[name]) for name in changed if sent[name]]  # type: ignore[union-attr]


def _booking(appointment: Appointment, words: dict[str, str]) -> dict[str, Any]:
    clinic = appointment.clinic
    return {
        "row": appointment,
        "time": f"{appointment.start.astimezone(clinic.zone):%H:%M}",
        "status_label": words[f"appointment.{appointment.status}"],
    }
