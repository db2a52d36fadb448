"""Every address of the product, by the package that answers it. Each one must stand in `accounts/policy.py`."""

from django.urls import URLPattern, URLResolver, include, path

from goodword.server import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("", include("goodword.accounts.urls")),
    path("p/<slug:program>/", include("goodword.backoffice.urls")),
    path("portal/<slug:program>/", include("goodword.portal.urls")),
    path("", include("goodword.site.urls")),
    path("", include("goodword.connections.urls")),
    path("api/", include("goodword.api.urls")),
]

handler400 = "goodword.accounts.refusals.bad_request"
handler403 = "goodword.accounts.refusals.forbidden"
handler404 = "goodword.accounts.refusals.not_found"
handler500 = "goodword.accounts.refusals.server_error"
