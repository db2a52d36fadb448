"""The forms of the back office. They shape what was typed; what is right is decided by the services."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify

from goodword.accounts.form_words import PlainForm
from goodword.domain.errors import InvalidInput
from goodword.domain.partner_details import PartnerDetails, checked_details
from goodword.insights.refusals import sentence
from goodword.partners.models import Group, Partner, Terms, TermsVersion


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").replace(";", " ").split())


class PartnerForm(PlainForm):
    """What is known about a partner."""

    name = forms.CharField(
        max_length=200,
        help_text="Firm or person, as it should stand on statements",
        error_messages={"required": "Enter the partner's name."},
    )
    kind = forms.ChoiceField(choices=[("firm", "Firm"), ("person", "Person")], initial="firm")
    contact_name = forms.CharField(max_length=200, required=False, label="Contact person")
    email = forms.EmailField(
        max_length=320, required=False, label="E-mail", help_text="Letters and the invitation go here"
    )
    website = forms.CharField(max_length=200, required=False, help_text="e.g. https://example.com")
    country = forms.CharField(
        max_length=2, required=False, help_text="Two letters, e.g. DE", widget=forms.TextInput(attrs={"size": 2})
    )
    external_id = forms.CharField(
        max_length=100, required=False, label="Your number for this partner", help_text="e.g. from your CRM; unique"
    )
    group = forms.ModelChoiceField(Group.unscoped.none(), required=False, empty_label="No group")
    parent = forms.ModelChoiceField(
        Partner.unscoped.none(),
        required=False,
        label="Recruited by",
        empty_label="Nobody",
        help_text="Their terms may pay them a share of what this partner earns",
    )
    domains = forms.CharField(
        required=False,
        label="Own domains",
        help_text="Sales to customers with these domains count as self-referral, e.g. example.com",
    )
    emails = forms.CharField(
        required=False, label="Further e-mail addresses", help_text="Also looked at for self-referral"
    )
    notes = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="Only your team reads this"
    )

    def __init__(self, *args: Any, partner: Partner | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["group"]
        groups.queryset = Group.objects.order_by("name")
        parents: Any = self.fields["parent"]
        others = Partner.objects.exclude(pk=partner.pk) if partner else Partner.objects.all()
        parents.queryset = others.order_by("name")

    def clean(self) -> dict[str, Any]:
        """What the service would refuse, said together with what the fields refuse."""
        super().clean()
        names = PartnerDetails.__dataclass_fields__.keys() & self.cleaned_data.keys()
        given = {name: self.cleaned_data[name] for name in names}
        given |= {name: _words(given[name]) for name in ("domains", "emails") if name in given}
        try:
            checked_details(PartnerDetails(**({"name": "-"} | given)))
        except InvalidInput as refused:
            for problem in refused.problems:
                self.add_error(problem.field, sentence(problem))
        return self.cleaned_data

    @property
    def details(self) -> PartnerDetails:
        data = {**self.cleaned_data}
        data.pop("group")
        data.pop("parent")
        data.pop("terms", None)
        data.pop("joined_on", None)
        return PartnerDetails(**{**data, "domains": _words(data["domains"]), "emails": _words(data["emails"])})


def partner_initial(partner: Partner) -> dict[str, Any]:
    """What the form shows of a partner that exists."""
    names = ("name", "kind", "contact_name", "email", "website", "country", "external_id", "notes")
    plain = {name: getattr(partner, name) for name in names}
    return {
        **plain,
        "group": partner.group_id,
        "parent": partner.parent_id,
        "domains": " ".join(partner.domains),
        "emails": " ".join(partner.emails),
    }


class NewPartnerForm(PartnerForm):
    """A new partner also gets terms and a day it begins."""

    terms = forms.ModelChoiceField(
        Terms.unscoped.none(), required=False, empty_label="The default terms", help_text="Their latest version"
    )
    joined_on = forms.DateField(
        required=False,
        label="Partner since",
        help_text="The agreement begins on this day; empty: now",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        terms: Any = self.fields["terms"]
        terms.queryset = Terms.objects.filter(versions__isnull=False).distinct().order_by("name")

    def clean_joined_on(self) -> Any:
        day = self.cleaned_data["joined_on"]
        if day and day > timezone.localdate():
            raise ValidationError("That day is still to come. Choose today or an earlier day.")
        return day


class LinkForm(PlainForm):
    """A new referral link."""

    destination = forms.CharField(
        max_length=2000,
        label="Where it leads",
        help_text="A page of your site, e.g. https://shop.example.com/start",
        error_messages={"required": "Enter the page of your site that the link leads to."},
    )
    key = forms.CharField(
        max_length=40, required=False, label="Name in the link", help_text="e.g. nordic; empty: we choose one"
    )
    label = forms.CharField(max_length=100, required=False, label="Note", help_text="e.g. podcast, spring 2026")


class CodeForm(PlainForm):
    """A new code."""

    key = forms.CharField(
        max_length=40,
        label="Code",
        help_text="What customers type, e.g. NORDIC10",
        error_messages={"required": "Enter the code that customers type."},
    )
    offer = forms.CharField(
        max_length=200, required=False, label="What the customer gets", help_text="e.g. 10% off the first order"
    )


def _with_key(form: forms.Form, length: int) -> dict[str, Any]:
    """The answers with a key made from the name where none was typed."""
    data = form.cleaned_data
    if "name" in data and "key" not in form.errors:
        data["key"] = data.get("key") or slugify(data["name"])[:length]
        if not data["key"]:
            form.add_error("key", "No key can be made from this name. Give one in small letters and digits.")
    return data


class GroupForm(PlainForm):
    """A new group of partners."""

    name = forms.CharField(
        max_length=100, help_text="e.g. Gold partners", error_messages={"required": "Enter a name for the group."}
    )
    key = forms.SlugField(
        max_length=40, required=False, label="Key", help_text="How rules name it, e.g. gold; empty: made from the name"
    )
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        super().clean()
        return _with_key(self, 40)


class TermsForm(PlainForm):
    """A new, still empty set of terms."""

    name = forms.CharField(
        max_length=100, help_text="e.g. Agency partners", error_messages={"required": "Enter a name for the terms."}
    )
    key = forms.SlugField(
        max_length=60, required=False, help_text="How exports name it, e.g. agency; empty: made from the name"
    )
    is_default = forms.BooleanField(required=False, label="New partners get these terms")

    def clean(self) -> dict[str, Any]:
        super().clean()
        return _with_key(self, 60)


class MoveForm(PlainForm):
    """Put a partner on other terms."""

    version = forms.ModelChoiceField(
        TermsVersion.unscoped.none(),
        label="Terms",
        empty_label="Choose the terms",
        error_messages={"required": "Choose the terms that the partner gets."},
    )
    starts_on = forms.DateField(
        label="From",
        help_text="Sales from this day on are paid by these terms",
        error_messages={"required": "Choose the day from which these terms count."},
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(max_length=300, required=False, help_text="e.g. promoted to gold")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions: Any = self.fields["version"]
        versions.queryset = TermsVersion.objects.select_related("terms").order_by("terms__name", "-number")
        versions.label_from_instance = lambda v: f"{v.terms.name}, version {v.number}"


class EndForm(PlainForm):
    """End an agreement. For cause it leaves no tail, so that takes a reason the partner will read."""

    ends_on = forms.DateField(
        label="Last day",
        help_text="Sales after this day are no longer paid, except what the terms promise after the end",
        error_messages={"required": "Choose the last day of the agreement."},
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    for_cause = forms.BooleanField(
        required=False, label="For cause", help_text="They broke the terms: nothing is paid after the end, no tail"
    )
    reason = forms.CharField(
        max_length=300,
        help_text="One sentence the partner will understand",
        error_messages={"required": "Write one sentence that tells the partner why it ends."},
    )

    def clean_ends_on(self) -> Any:
        day = self.cleaned_data["ends_on"]
        if day < timezone.localdate():
            raise ValidationError("That day is over: its sales keep their terms. Choose today or later.")
        return day
