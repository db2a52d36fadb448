"""The addresses of the public pages."""

from django.urls import path

from goodword.site import apply, demo_shop, link_pages, script, views

app_name = "site"
urlpatterns = [
    path("", views.home, name="home"),
    path("programs/<slug:program>/", views.program, name="program"),
    path("programs/<slug:program>/apply", apply.apply, name="apply"),
    path("programs/<slug:program>/applied", apply.applied, name="applied"),
    path("link-page/<slug:program>/<slug:page>", link_pages.link_page, name="link-page"),
    path("goodword.js", script.script, name="script"),
    path("demo-shop/<slug:program>/", demo_shop.landing, name="test-page"),
    path("demo-shop/<slug:program>/checkout", demo_shop.checkout, name="test-checkout"),
    path("demo-shop/<slug:program>/thanks/<slug:sale>", demo_shop.thanks, name="test-thanks"),
]
