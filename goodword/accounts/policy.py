"""The policy table: every address of the product, and who may use it. Data only; refused is what is not here.

Add one row per url name, in the same commit as the address. Keep each part in the order of its `urls.py`.
"""

from goodword.accounts.rules import Account, Closed, Page, Portal, Public, Route, Rule, by_name

STAFF: list[Rule] = [
    Page("backoffice:payouts", "GET", staff="OW FI VI"),
    Page("backoffice:payouts-csv", "GET", staff="OW FI VI"),
    Page("backoffice:payout-prepare", "POST", staff="OW FI"),
    Page("backoffice:payout-run", "GET", staff="OW FI VI"),
    Page("backoffice:payout-approve", "POST", staff="OW FI"),
    Page("backoffice:payout-export", "POST", staff="OW FI"),
    Page("backoffice:payout-file", "POST", staff="OW FI"),
    Page("backoffice:payout-cancel", "POST", staff="OW FI"),
    Page("backoffice:payout-confirm", "POST", staff="OW FI"),
    Page("backoffice:payout", "GET", staff="OW FI VI"),
    Page("backoffice:payout-return", "POST", staff="OW FI"),
]

PORTAL: list[Rule] = [
    Portal("portal:home", "GET", seats="PO PB"),
    Portal("portal:share", "GET", seats="PO PB"),
    Portal("portal:link-new", "GET POST", seats="PO PB"),
    Portal("portal:link", "GET", seats="PO PB"),
    Portal("portal:link-qr", "GET", seats="PO PB"),
    Portal("portal:link-print", "GET", seats="PO PB"),
    Portal("portal:code-qr", "GET", seats="PO PB"),
    Portal("portal:earnings", "GET", seats="PO PB"),
    Portal("portal:earnings-csv", "GET", seats="PO PB"),
    Portal("portal:line", "GET", seats="PO PB"),
    Portal("portal:conversions", "GET", seats="PO PB"),
    Portal("portal:conversions-csv", "GET", seats="PO PB"),
    Portal("portal:payouts", "GET", seats="PO PB"),
    Portal("portal:payouts-csv", "GET", seats="PO PB"),
    Portal("portal:payout", "GET", seats="PO PB"),
    # A partnership that has ended keeps its statements.
    Portal("portal:statements", "GET", seats="PO PB", when_rejected=True),
    Portal("portal:statement-csv", "GET", seats="PO PB", when_rejected=True),
    Portal("portal:agreement", "GET", seats="PO PB"),
    Portal("portal:inbox", "GET", seats="PO PB"),
    Portal("portal:letter", "GET", seats="PO PB"),
    Portal("portal:settings", "GET", seats="PO PB"),
    Portal("portal:payout-method", "GET POST", seats="PO", step_up=True),
    Portal("portal:more", "GET", seats="PO PB"),
]

API: list[Rule] = []

PUBLIC: list[Rule] = [
    Public("health-live", "GET"),
    Public("health-ready", "GET"),
    Public("site:home", "GET"),
    Public("site:program", "GET"),
    Public("site:apply", "GET POST"),
    Public("site:applied", "GET"),
    # A link of a paused program leads to a neutral page, not to nothing.
    Public("site:redirect", "GET", when_paused=True),
    Public("site:script", "GET"),
    Public("site:test-page", "GET"),
    Public("site:test-checkout", "GET POST"),
    Public("site:test-thanks", "GET"),
]

ACCOUNT: list[Rule] = [
    Account("accounts:home", "GET"),
    Account("accounts:take-seat", "POST"),
    Account("accounts:security", "GET"),
    Account("accounts:invitation", signed_in=False),
    # Who has no account gets one by invitation; the address of a person is changed by an owner.
    Closed("account_signup"),
    Closed("account_email"),
    Closed("account_email_verification_sent"),
    Closed("account_confirm_email"),
    Account("account_login", signed_in=False),
    Account("account_logout"),
    Account("account_inactive", "GET", signed_in=False),
    Account("account_request_login_code", signed_in=False),
    Account("account_confirm_login_code", signed_in=False),
    Account("account_reset_password", signed_in=False),
    Account("account_reset_password_done", "GET", signed_in=False),
    Account("account_reset_password_from_key", signed_in=False),
    Account("account_reset_password_from_key_done", "GET", signed_in=False),
    Account("account_reauthenticate"),
    Account("account_change_password"),
    Account("account_set_password"),
    Account("mfa_index", "GET"),
    Account("mfa_authenticate", signed_in=False),
    Account("mfa_reauthenticate"),
    Account("mfa_activate_totp"),
    Account("mfa_deactivate_totp"),
    Account("mfa_view_recovery_codes", "GET"),
    Account("mfa_generate_recovery_codes"),
    Account("mfa_download_recovery_codes", "GET"),
    Account("mfa_list_webauthn", "GET"),
    Account("mfa_add_webauthn"),
    Account("mfa_reauthenticate_webauthn"),
    Account("mfa_remove_webauthn"),
    Account("mfa_edit_webauthn"),
    Account("mfa_login_webauthn", signed_in=False),
]

POLICY: dict[str, Rule] = by_name([*STAFF, *PORTAL, *API, *PUBLIC, *ACCOUNT])
