"""Money at the desk: the payment's page without JavaScript, and what is printed: receipts and tickets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_project.dashboards import access
from clinic_project.dashboards.amounts import decimal_point, typed
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinic_project.dashboards.rows import clock
from clinic_project.dashboards.words import labels, script_words
from clinics.models import Clinic, User
from patients.actions import log_access
from patients.models import FileAccess
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from payments.serializers import ProcessSerializer, ReceiptSerializer, RefundSerializer
from payments.viewsets import PaymentViewSet
from queue.models import VisitStep

PAPERS = ("80mm", "a4")
"""The roll of a ticket printer, and a sheet: each has a stylesheet of its name with its ``@page``."""

AMOUNTS = ("amount", "discount")


def _found(user: User, **which: int) -> Payment:
    """The payment with all that a page of it shows; another clinic's isn't there."""
    found: Payment | None = (
        Payment.objects.filter(clinic__in=user.clinic_ids(), **which)
        .select_related("clinic", "visit__clinic", "visit__patient", "visit__doctor", "visit__service", "visit__appointment")
        .prefetch_related("entries__by", "entries__clinic")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _given(request: HttpRequest) -> dict[str, str]:
    """What was written, with amounts as the API wants them."""
    return {
        name: decimal_point(str(value)) if name in AMOUNTS else str(value)
        for name, value in request.POST.items()
        if str(value).strip()
    }


def _written(request: HttpRequest, template: str, found: Payment, errors: dict[str, Any]) -> HttpResponseBase:
    """A page about the payment, with its form as it was filled in if it was refused."""
    words, shape = labels(), ReceiptSerializer(found).data
    return render(
        request,
        template,
        {
            **access.frame(request, []),
            "clinic": found.clinic,
            "payment": shape,
            "entries": [_entry(row, found.clinic) for row in found.entries.all()],
            # What is most likely meant stands there.
            "outstanding": typed(shape["outstanding"]),
            "balance": typed(shape["balance"]),
            "paid_label": words[f"paid.{found.status}"],
            "may_take": found.outstanding > 0,
            "may_give_back": found.balance > 0 and _may_refund(access.person(request)),
            "methods": [(value, words[f"method.{value}"]) for value in LedgerEntry.Method.values],
            "errors": errors,
            "given": request.POST,
        },
        status=400 if errors else 200,
    )


@access.staff_page
def payment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A visit's payment as a page of its own: what the dialog of the reception shows, without JavaScript."""
    user = access.person(request)
    access.require_desk(user)
    found = _found(user, visit_id=pk)
    errors: dict[str, Any] = {}
    if request.method == "POST":
        given = ProcessSerializer(data=_given(request))
        if given.is_valid():
            try:
                payment_actions.process(found, by=user, **given.validated_data)
            except REFUSALS as refusal:
                messages.error(request, sentence_of(refusal))
            else:
                messages.success(request, script_words()["done.payment"])
            return redirect("reception-payment", pk=pk)
        errors = dict(given.errors)
    return _written(request, "reception/payment.html", found, errors)


def _may_refund(user: User) -> bool:
    """Does the API let this role give money back?"""
    return user.effective_role in PaymentViewSet.roles["refund"]


@access.staff_page
def refund(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Giving money back as a page of its own: what the dialog over the payment's does, without JavaScript."""
    user = access.person(request)
    access.require_desk(user)
    if not _may_refund(user):
        raise PermissionDenied(_("Only admins give money back."))
    found = _found(user, visit_id=pk)
    errors: dict[str, Any] = {}
    if request.method == "POST":
        given = RefundSerializer(data=_given(request))
        if given.is_valid():
            try:
                payment_actions.refund(found, by=user, **given.validated_data)
            except REFUSALS as refusal:
                messages.error(request, sentence_of(refusal))
                return redirect("reception-refund", pk=pk)
            messages.success(request, script_words()["done.refund"])
            return redirect("reception-payment", pk=pk)
        errors = dict(given.errors)
    return _written(request, "reception/refund.html", found, errors)


def _paper(request: HttpRequest, kind: str, usual: str) -> str:
    """On what it is printed: as chosen last in this log-in, for each kind of thing."""
    key = f"paper.{kind}"
    asked = request.GET.get("paper")
    if asked in PAPERS and request.session.get(key) != asked:
        request.session[key] = asked
    return str(request.session.get(key, usual))


def _print(request: HttpRequest, found: Payment, kind: str, usual: str, **more: Any) -> HttpResponseBase:
    """A page to be printed, noted in the patient's access log."""
    user = access.person(request)
    log_access([found.visit.patient], by=user, how=FileAccess.How.PRINTED)
    return render(
        request,
        f"reception/{kind}.html",
        {
            **access.frame(request, []),
            "clinic": found.clinic,
            "payment": ReceiptSerializer(found).data,
            "paid_label": labels()[f"paid.{found.status}"],
            "paper": _paper(request, kind, usual),
            "papers": PAPERS,
            "visit_date": found.visit.date,
            # Without its zone, or the template would turn it into the server's.
            "printed_at": timezone.make_naive(timezone.now(), found.clinic.zone),
            "printed_by": user.name,
            **more,
        },
    )


@access.staff_page
def receipt(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A receipt, to be printed."""
    user = access.person(request)
    access.require_desk(user)
    found = _found(user, pk=pk)
    return _print(request, found, "receipt", "a4", entries=[_entry(row, found.clinic) for row in found.entries.all()])


def _entry(row: LedgerEntry, clinic: Clinic) -> dict[str, Any]:
    by = row.by
    return {
        "number": row.receipt_number,
        "is_refund": row.kind == LedgerEntry.Kind.REFUND,
        "method": labels()[f"method.{row.method}"],
        "amount": row.amount,
        "date": row.at.astimezone(clinic.zone).date(),
        "time": clock(row.at.isoformat(), clinic),
        "by": by.name if by is not None else "",
    }


@access.staff_page
def ticket(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The slip with the number that is called, to be printed. Who is only expected has none."""
    user = access.person(request)
    access.require_desk(user)
    found = _found(user, visit_id=pk)
    visit = found.visit
    if visit.ticket is None:
        raise Http404
    given = (
        VisitStep.objects.filter(visit=visit, action__in=["check_in", "walk_in"]).select_related("by").order_by("-pk").first()
    )
    by = given.by if given is not None else None
    return _print(
        request,
        found,
        "ticket",
        "80mm",
        arrived=clock(visit.checked_in_at.isoformat(), found.clinic) if visit.checked_in_at else "",
        booked=clock(visit.appointment.start.isoformat(), found.clinic) if visit.appointment else "",
        given_by=by.name if by is not None else "",
    )
