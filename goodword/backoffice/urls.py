"""Addresses of the back office. Each name needs its row in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver, include, path

from goodword.backoffice import application_views as applications
from goodword.backoffice import commission_views as commissions
from goodword.backoffice import debt_views as debts
from goodword.backoffice import doubt_views as doubt
from goodword.backoffice import home_views as home
from goodword.backoffice import missed_views as missed
from goodword.backoffice import page_lead_views as page_leads
from goodword.backoffice import partner_views as partners
from goodword.backoffice import referral_views as referrals
from goodword.backoffice import terms_edit_views as terms_edit
from goodword.backoffice import terms_views as terms

app_name = "backoffice"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("home/chart", home.home_chart, name="home-chart"),
    path("search", home.search, name="search"),
    path("partners", partners.partners, name="partners"),
    path("partners.csv", partners.partners_csv, name="partners-csv"),
    path("partners/new", partners.partner_add, name="partner-add"),
    path("partners/<str:partner>", partners.partner, name="partner"),
    path("partners/<str:partner>/clicks", partners.partner_clicks_chart, name="partner-clicks-chart"),
    path("partners/<str:partner>/edit", partners.partner_edit, name="partner-edit"),
    path("partners/<str:partner>/pause", partners.partner_pause, name="partner-pause"),
    path("partners/<str:partner>/resume", partners.partner_resume, name="partner-resume"),
    path("partners/<str:partner>/end", partners.partner_end, name="partner-end"),
    path("partners/<str:partner>/hold", commissions.partner_hold, name="partner-hold"),
    path("partners/<str:partner>/terms", partners.partner_terms, name="partner-terms"),
    path("partners/<str:partner>/debt", debts.partner_debt, name="partner-debt"),
    path("partners/<str:partner>/invite", partners.partner_invite, name="partner-invite"),
    path("partners/<str:partner>/links/new", partners.link_add, name="link-add"),
    path("partners/<str:partner>/codes/new", partners.code_add, name="code-add"),
    path("links/<str:link>/revoke", partners.link_revoke, name="link-revoke"),
    path("codes/<str:code>/revoke", partners.code_revoke, name="code-revoke"),
    path("applications", applications.applications, name="applications"),
    path("applications.csv", applications.applications_csv, name="applications-csv"),
    path("applications/<str:application>", applications.application, name="application"),
    path("applications/<str:application>/approve", applications.application_approve, name="application-approve"),
    path("applications/<str:application>/reject", applications.application_reject, name="application-reject"),
    path("groups", applications.groups, name="groups"),
    path("groups.csv", applications.groups_csv, name="groups-csv"),
    path("groups/new", applications.group_add, name="group-add"),
    path("terms", terms.terms_list, name="terms-list"),
    path("terms.csv", terms.terms_csv, name="terms-csv"),
    path("terms/new", terms.terms_add, name="terms-add"),
    path("terms/<str:terms>", terms.terms, name="terms"),
    path("terms/<str:terms>/publish", terms_edit.terms_publish, name="terms-publish"),
    path("terms/<str:terms>/approve", terms_edit.terms_approve, name="terms-approve"),
    path("terms/versions/<str:version>", terms.terms_version, name="terms-version"),
    path("agreements", terms.agreements, name="agreements"),
    path("agreements.csv", terms.agreements_csv, name="agreements-csv"),
    path("agreements/<str:agreement>", terms.agreement, name="agreement"),
    path("agreements/<str:agreement>/end", terms.agreement_end, name="agreement-end"),
    path("conversions", referrals.conversions, name="conversions"),
    path("conversions.csv", referrals.conversions_csv, name="conversions-csv"),
    path("conversions/<str:conversion>", referrals.conversion, name="conversion"),
    path("customers", referrals.customers, name="customers"),
    path("customers.csv", referrals.customers_csv, name="customers-csv"),
    path("customers/<str:customer>", referrals.customer, name="customer"),
    path("refunds", referrals.refunds, name="refunds"),
    path("refunds.csv", referrals.refunds_csv, name="refunds-csv"),
    path("rates", doubt.rates, name="rates"),
    path("rates.csv", doubt.rates_csv, name="rates-csv"),
    path("rates/<str:rate>/approve", doubt.rate_approve, name="rate-approve"),
    path("rates/<str:rate>/refuse", doubt.rate_refuse, name="rate-refuse"),
    path("signals", doubt.signals, name="signals"),
    path("signals.csv", doubt.signals_csv, name="signals-csv"),
    path("page-leads", page_leads.page_leads, name="page-leads"),
    path("page-leads.csv", page_leads.page_leads_csv, name="page-leads-csv"),
    path("page-leads/<str:page_lead>/confirm", page_leads.page_lead_confirm, name="page-lead-confirm"),
    path("page-leads/<str:page_lead>/refuse", page_leads.page_lead_refuse, name="page-lead-refuse"),
    path("missed", missed.missed, name="missed"),
    path("missed.csv", missed.missed_csv, name="missed-csv"),
    path("missed/<str:suggestion>", missed.missed_one, name="missed-one"),
    path("missed/<str:suggestion>/credit", missed.missed_credit, name="missed-credit"),
    path("missed/<str:suggestion>/not-theirs", missed.missed_not_theirs, name="missed-not-theirs"),
    path("lines", commissions.lines, name="lines"),
    path("lines.csv", commissions.lines_csv, name="lines-csv"),
    path("lines/<str:line>", commissions.line, name="line"),
    path("lines/<str:line>/explain", commissions.line_explain, name="line-explain"),
    path("lines/<str:line>/hold", commissions.line_hold, name="line-hold"),
    path("holds", commissions.holds, name="holds"),
    path("holds.csv", commissions.holds_csv, name="holds-csv"),
    path("holds/<str:hold>/release", commissions.hold_release, name="hold-release"),
    path("", include("goodword.backoffice.import_urls")),
    path("", include("goodword.backoffice.payout_urls")),
    path("", include("goodword.backoffice.settings_urls")),
]
