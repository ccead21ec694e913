"""The pages themselves: who may see them, the snapshot they are rendered from, and what their JavaScript starts with."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from clinic_project.dashboards import access, rows
from clinic_project.dashboards.amounts import decimal_point
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinic_project.dashboards.words import labels, script_words
from clinics.language import in_digits
from clinics.models import Clinic, Doctor, Service, User
from clinics.permissions import ADMIN, DOCTOR
from patients.actions import log_access
from patients.models import FileAccess
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from payments.serializers import ProcessSerializer, ReceiptSerializer
from realtime import log
from realtime.groups import BROADCAST, RoomRefused, clinic_room, doctor_room, require, rights_of
from realtime.views import room_state


class LogIn(LoginView):
    """The log-in page; who is logged in already goes where they wanted, but not in a circle."""

    redirect_authenticated_user = True

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        wanted: str = super().get_redirect_url(*args, **kwargs)
        return "" if urlsplit(wanted).path == self.request.path else wanted


@access.staff_page
def landing(request: HttpRequest) -> HttpResponseBase:
    """Everybody to their place; who has none is told what is missing."""
    user = access.person(request)
    if user.effective_role == DOCTOR:
        return redirect("doctor")
    if access.clinics_of(user):
        return redirect("reception")
    return no_place(request)


def no_place(request: HttpRequest) -> HttpResponse:
    """Who has nothing to see yet is told what is missing."""
    return render(request, "landing/no_place.html", access.frame(request, []), status=200)


def _start(request: HttpRequest, state: dict[str, Any], clinics: list[Clinic]) -> dict[str, Any]:
    """What the page's JavaScript starts with, beside the snapshot."""
    user = access.person(request)
    return {
        "now": timezone.now().isoformat(),
        "broadcast": {"since": log.heads([BROADCAST])[BROADCAST].head, "epoch": state["epoch"]},
        "role": user.effective_role,
        "clinics": {
            clinic.pk: {
                "name": clinic.name,
                "zone": clinic.timezone,
                "currency": clinic.currency,
                "decimals": clinic.money_decimals,
                "lateAfter": clinic.late_after_minutes,
            }
            for clinic in clinics
        },
        "rules": {"visit": access.visit_rules(user), "appointment": access.appointment_rules(user)},
        "login": reverse(settings.LOGIN_URL),
    }


@access.staff_page
def reception(request: HttpRequest) -> HttpResponseBase:
    """The clinic's day: appointments, the queue by doctor, and the work on patients."""
    user = access.person(request)
    access.require_desk(user)
    clinics = access.clinics_of(user)
    if not clinics:
        return no_place(request)
    clinic = access.chosen(request, clinics)
    if len(clinics) > 1 and "clinic" not in request.GET:
        # So that the address says it: reloading, or sending it on, shows the same clinic.
        return redirect(f"{reverse('reception')}?clinic={clinic.pk}")
    state = room_state(clinic_room(clinic.pk))
    words, rules = labels(), access.visit_rules(user)
    doctors = access.doctors_of([clinic])
    visits = [rows.visit_row(visit, clinic, rules, words) for visit in state["visits"]]
    by_id = {visit["id"]: visit for visit in visits}
    now, appointment_rules = timezone.now(), access.appointment_rules(user)
    return render(
        request,
        "reception/page.html",
        {
            "page": "reception",
            **access.frame(request, clinics, clinic),
            "date": parse_date(state["date"]),
            "snapshot": state,
            "start": {**_start(request, state, [clinic]), "clinic": clinic.pk},
            "words": script_words(),
            "sections": rows.doctor_sections(visits, doctors, words),
            "appointments": [
                rows.appointment_row(each, by_id.get(each["visit_id"]), clinic, appointment_rules, words, now)
                for each in state["appointments"]
            ],
            "doctors": doctors,
            "services": Service.objects.filter(clinic=clinic, is_active=True).order_by("name", "pk"),
            "methods": [(value, words[f"method.{value}"]) for value in LedgerEntry.Method.values],
            "priorities": [(value, words[f"priority.{value}"]) for value in ("normal", "urgent", "emergency")],
            "blank_visit": rows.BLANK_VISIT,
            "blank_appointment": rows.BLANK_APPOINTMENT,
            "blank_section": rows.BLANK_SECTION,
        },
    )


def _doctor_asked(request: HttpRequest, user: User) -> Doctor | None:
    """Whose queue: the doctor's own, or for an admin the one in the address; none if it has to be chosen."""
    key = access.asked_key(request, "doctor")
    if user.effective_role == DOCTOR:
        if user.doctor_id is None:
            return None
        if key not in (None, user.doctor_id):
            raise PermissionDenied(_("This is a colleague's queue. Your own is on your page."))
        return Doctor.objects.get(pk=user.doctor_id)
    if key is None:
        return None
    doctor = Doctor.objects.filter(pk=key).first()
    if doctor is None:
        raise Http404
    try:
        require(rights_of(user), doctor_room(doctor.pk))
    except RoomRefused as refusal:
        raise Http404 from refusal
    return doctor


@access.staff_page
def doctor(request: HttpRequest) -> HttpResponseBase:
    """A doctor's day: the patient inside, the queue, the appointments."""
    user = access.person(request)
    access.require_clinician(user)
    whose = _doctor_asked(request, user)
    own = access.clinics_of(user)
    if whose is None:
        if user.effective_role == ADMIN and own:
            return render(request, "doctor/choose.html", {**access.frame(request, []), "doctors": access.doctors_of(own)})
        return no_place(request)
    clinics = list(whose.clinics.order_by("pk"))
    if not clinics:
        return no_place(request)
    state = room_state(doctor_room(whose.pk))
    by_clinic = {clinic.pk: clinic for clinic in clinics}
    words, rules = labels(), access.visit_rules(user)
    visits = [
        rows.visit_row(visit, by_clinic[visit["clinic_id"]], _own(rules, visit, user), words) for visit in state["visits"]
    ]
    active, done = rows.in_sections(visits)
    current = current_of(active)
    by_id = {visit["id"]: visit for visit in visits}
    appointment_rules, now = access.appointment_rules(user), timezone.now()
    return render(
        request,
        "doctor/page.html",
        {
            "page": "doctor",
            **access.frame(request, []),
            "doctor": whose,
            "is_own": user.doctor_id == whose.pk,
            "date": parse_date(state["date"]),
            "snapshot": state,
            "start": {**_start(request, state, clinics), "doctor": whose.pk, "mine": user.clinic_ids()},
            "words": script_words(),
            "several": len(clinics) > 1,
            "zone": clinics[0].timezone,
            "current": current or rows.BLANK_VISIT,
            "has_current": current is not None,
            # Who is shown large isn't shown twice.
            "active": [visit for visit in active if visit is not current],
            "done": done,
            "waiting": sum(visit["status"] == "waiting" for visit in active),
            "waiting_label": words["waiting_count"].format(
                count=in_digits(sum(visit["status"] == "waiting" for visit in active))
            ),
            "done_label": words["done_count"].format(count=in_digits(len(done))),
            "appointments": [
                rows.appointment_row(
                    each, by_id.get(each["visit_id"]), by_clinic[each["clinic_id"]], appointment_rules, words, now
                )
                for each in state["appointments"]
            ],
            "blank_visit": rows.BLANK_VISIT,
            "blank_appointment": rows.BLANK_APPOINTMENT,
        },
    )


def _own(rules: rows.Rules, visit: rows.Row, user: User) -> rows.Rules:
    """What a doctor's colleague or an admin sees at another clinic they may not touch."""
    return rules if visit["clinic_id"] in user.clinic_ids() else {visit["status"]: []}


def current_of(active: list[rows.Row]) -> rows.Row | None:
    """The patient inside, else the one who was called last."""
    inside = next((row for row in active if row["status"] == "in_progress"), None)
    called = [row for row in active if row["status"] == "called"]
    return inside or max(called, key=lambda row: row["called_at"], default=None)


@access.staff_page
def payment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A visit's payment as a page of its own: what the dialog of the reception shows, without JavaScript."""
    user = access.person(request)
    access.require_desk(user)
    found = (
        Payment.objects.filter(visit_id=pk, clinic__in=user.clinic_ids())
        .select_related("clinic", "visit__patient", "visit__doctor", "visit__service")
        .prefetch_related("entries__by", "entries__clinic")
        .first()
    )
    if found is None:
        raise Http404
    errors: dict[str, Any] = {}
    if request.method == "POST":
        given = ProcessSerializer(
            data={name: decimal_point(str(value)) for name, value in request.POST.items() if str(value).strip()}
        )
        if given.is_valid():
            try:
                payment_actions.process(found, by=user, **given.validated_data)
            except REFUSALS as refusal:
                messages.error(request, sentence_of(refusal))
            else:
                messages.success(request, script_words()["done.payment"])
            return redirect("reception-payment", pk=pk)
        errors = dict(given.errors)
    words = labels()
    return render(
        request,
        "reception/payment.html",
        {
            **access.frame(request, []),
            "clinic": found.clinic,
            "payment": ReceiptSerializer(found).data,
            "paid_label": words[f"paid.{found.status}"],
            "may_take": found.outstanding > 0,
            "methods": [(value, words[f"method.{value}"]) for value in LedgerEntry.Method.values],
            "errors": errors,
            "given": request.POST,
        },
        status=400 if errors else 200,
    )


@access.staff_page
def receipt(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A receipt, to be printed."""
    user = access.person(request)
    access.require_desk(user)
    found = (
        Payment.objects.filter(pk=pk, clinic__in=user.clinic_ids())
        .select_related("clinic", "visit__patient", "visit__doctor", "visit__service")
        .prefetch_related("entries__by", "entries__clinic")
        .first()
    )
    if found is None:
        raise Http404
    log_access([found.visit.patient], by=user, how=FileAccess.How.PRINTED)
    return render(
        request,
        "reception/receipt.html",
        {
            **access.frame(request, []),
            "clinic": found.clinic,
            "payment": ReceiptSerializer(found).data,
            "paid_label": labels()[f"paid.{found.status}"],
            # Without its zone, or the template would turn it into the server's.
            "printed_at": timezone.now().astimezone(found.clinic.zone).replace(tzinfo=None),
        },
    )
