"""The addresses of the partner pages."""

from django.urls import path

from goodword.portal import agreement, codes, earnings, home, inbox, payouts, settings, share

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("share", share.share, name="share"),
    path("share/clicks", share.clicks_chart, name="clicks-chart"),
    path("share/new", share.new_link, name="link-new"),
    path("share/links/<str:link>", share.link, name="link"),
    path("share/links/<str:link>/clicks", share.link_chart, name="link-chart"),
    path("share/links/<str:link>/qr.<str:kind>", share.link_qr, name="link-qr"),
    path("share/links/<str:link>/print", share.link_print, name="link-print"),
    path("share/links/<str:link>/revoke", codes.link_revoke, name="link-revoke"),
    path("share/codes/new", codes.new_code, name="code-new"),
    path("share/codes/<str:code>/revoke", codes.code_revoke, name="code-revoke"),
    path("share/codes/<str:code>/qr.<str:kind>", share.code_qr, name="code-qr"),
    path("earnings", earnings.earnings, name="earnings"),
    path("earnings.csv", earnings.earnings_csv, name="earnings-csv"),
    path("earnings/<str:line>", earnings.line, name="line"),
    path("conversions", earnings.conversions, name="conversions"),
    path("conversions.csv", earnings.conversions_csv, name="conversions-csv"),
    path("payouts", payouts.payouts, name="payouts"),
    path("payouts.csv", payouts.payouts_csv, name="payouts-csv"),
    path("payouts/<str:payout>", payouts.payout, name="payout"),
    path("statements", payouts.statements, name="statements"),
    path("statements/check_statement.py", payouts.check_program, name="check-program"),
    path("statements/<str:month>.csv", payouts.statement_csv, name="statement-csv"),
    path("agreement", agreement.agreement, name="agreement"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/<str:letter>", inbox.letter, name="letter"),
    path("settings", settings.settings, name="settings"),
    path("settings/payout", settings.payout_method, name="payout-method"),
    path("more", settings.more, name="more"),
]
