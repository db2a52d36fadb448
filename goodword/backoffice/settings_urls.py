"""Addresses of the settings: program, team, API keys, audit trail, mail outbox."""

from django.urls import URLPattern, path

from goodword.backoffice import (
    audit_views,
    connection_views,
    key_views,
    program_rules_views,
    settings_views,
    team_views,
)

urlpatterns: list[URLPattern] = [
    path("settings", settings_views.settings, name="settings"),
    path("settings/edit", settings_views.edit, name="settings-edit"),
    path("settings/rules", program_rules_views.rules, name="settings-rules"),
    path("settings/pause", settings_views.pause, name="settings-pause"),
    path("settings/resume", settings_views.resume, name="settings-resume"),
    path("settings/team", team_views.team, name="team"),
    path("settings/team.csv", team_views.team_csv, name="team-csv"),
    path("settings/team/invite", team_views.invite, name="team-invite"),
    path("settings/team/<str:member>", team_views.member, name="team-member"),
    path("settings/team/<str:member>/end", team_views.end, name="team-end"),
    path("settings/keys", key_views.keys, name="keys"),
    path("settings/keys.csv", key_views.keys_csv, name="keys-csv"),
    path("settings/keys/new", key_views.create, name="key-create"),
    path("settings/keys/<str:api_key>/revoke", key_views.revoke, name="key-revoke"),
    path("settings/connections", connection_views.connections, name="connections"),
    path("settings/connections/new/<slug:system>", connection_views.connect, name="connection-add"),
    path("settings/connections/<str:connection>", connection_views.connection, name="connection"),
    path("settings/connections/<str:connection>/events.csv", connection_views.events_csv, name="connection-csv"),
    path("settings/connections/<str:connection>/secret", connection_views.rotate, name="connection-rotate"),
    path("settings/connections/<str:connection>/key", connection_views.api_key, name="connection-key"),
    path("settings/connections/<str:connection>/read", connection_views.read_range, name="connection-read"),
    path("settings/connections/<str:connection>/off", connection_views.switch_off, name="connection-off"),
    path("settings/connections/<str:connection>/on", connection_views.switch_on, name="connection-on"),
    path("settings/received/<str:received>", connection_views.event, name="connection-event"),
    path("settings/received/<str:received>/replay", connection_views.replay, name="connection-replay"),
    path("settings/audit", audit_views.audit, name="audit"),
    path("settings/audit.csv", audit_views.audit_csv, name="audit-csv"),
    path("settings/outbox", settings_views.outbox, name="outbox"),
    path("settings/outbox.csv", settings_views.outbox_csv, name="outbox-csv"),
    path("settings/outbox/<str:letter>", settings_views.outbox_letter, name="outbox-letter"),
]
