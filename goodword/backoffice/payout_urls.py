"""Addresses of the payout pages; included by `urls.py`, with their rows in `accounts/policy.py`."""

from django.urls import path

from goodword.backoffice import debt_views as debts
from goodword.backoffice import payout_views as views

urlpatterns = [
    path("payouts", views.runs, name="payouts"),
    path("payouts.csv", views.runs_csv, name="payouts-csv"),
    path("payouts/prepare", views.prepare, name="payout-prepare"),
    path("payouts/runs/<str:run>.csv", views.run_csv, name="payout-run-csv"),
    path("payouts/runs/<str:run>", views.run_page, name="payout-run"),
    path("payouts/runs/<str:run>/approve", views.approve, name="payout-approve"),
    path("payouts/runs/<str:run>/export", views.export, name="payout-export"),
    path("payouts/runs/<str:run>/file", views.payout_file, name="payout-file"),
    path("payouts/runs/<str:run>/cancel", views.cancel, name="payout-cancel"),
    path("payouts/runs/<str:run>/confirm", views.confirm, name="payout-confirm"),
    path("payouts/<str:payout>.csv", views.payout_csv, name="payout-csv"),
    path("payouts/<str:payout>", views.payout_page, name="payout"),
    path("payouts/<str:payout>/return", views.return_payout, name="payout-return"),
    path("debts/<str:debt>/confirm", debts.debt_confirm, name="debt-confirm"),
    path("debts/<str:debt>/refuse", debts.debt_refuse, name="debt-refuse"),
]
