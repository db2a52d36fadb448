"""The page of what a program decides for all its terms: whose a sale is, limits on everybody, rounding."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.refusals import tried
from goodword.backoffice.terms_forms import PERIODS, Part, choice, number, tick
from goodword.domain.program_sheet import SETTINGS, program_sheet, settings_of
from goodword.domain.settlement.records import CHANNELS
from goodword.insights.refusals import sentence
from goodword.insights.terms import credit_of
from goodword.referrals.program_rules import change_program_rules, rules_are_open

CHANNEL_WORDS = {
    "link": "A click on a link",
    "code": "A code",
    "form": "A form",
    "registration": "A registered deal",
    "manual": "Entered by hand",
}
_RANKS = [("1", "first"), ("2", "second"), ("3", "third"), ("4", "fourth"), ("5", "fifth"), ("", "last of all")]
assert set(CHANNEL_WORDS) == set(CHANNELS)


class ProgramRulesForm(Part):
    """All of it on one page, in the order in which a sale meets it."""

    model = choice(
        "Who gets the credit for a sale",
        [
            ("last", "The partner who referred the customer last"),
            ("first", "The partner who referred the customer first"),
            ("linear", "All of them, in equal parts per referral"),
            ("position", "First and last 40% each, those between share 20%"),
            ("decay", "All of them, later referrals more"),
        ],
    )
    half_life_days = number("A referral's weight halves every", "Only for “later referrals more”", unit="days")
    window_days = number("A referral counts for", needed=True, unit="days")
    lock = choice(
        "Later sales of a customer",
        [
            ("always", "go to the same partner for good"),
            ("months", "go to the same partner for some months"),
            ("never", "are credited anew each time"),
        ],
    )
    lock_months = number("Months", "Only for “some months”", unit="months")
    existing_customers = choice(
        "People who were customers before the program knew of them",
        [
            ("exclude", "earn nobody a commission"),
            ("count", "count as any other customer"),
            ("assist", "earn what rules for helping pay"),
        ],
    )
    assist = tick("Partners who helped with another's sale are paid by the rules for helping")
    self_referral = choice("Partners who buy themselves", [("block", "earn nothing"), ("allow", "earn as usual")])
    terms_at = choice(
        "A sale is paid by the terms", [("conversion", "at its time"), ("credit", "at the referral's time")]
    )
    guardrail = number("All partners together get at most", "Of a sale; empty: no limit", unit="%")
    budget_amount = number("The program pays at most", "Empty: no limit")
    budget_per = choice("In", PERIODS)
    budget_mode = choice(
        "When more is earned",
        [("first_come", "Who earns first is paid first"), ("pro_rata", "Everybody's part is lowered alike")],
        "Lowering alike may also lower commission that was ready for a payout",
    )
    hold_days = number(
        "Commission waits", "Before it can be paid out; a rule may say otherwise", needed=True, unit="days"
    )
    rounding = choice(
        "A part of a cent",
        [
            ("half_up", "is rounded up from a half on"),
            ("half_even", "is rounded, a half to the even cent"),
            ("down", "is cut off"),
        ],
    )

    def __init__(self, data: dict[str, str], *, currency: str) -> None:
        super().__init__(data, currency=currency)
        self.fields["budget_amount"].unit = currency  # type: ignore[attr-defined]
        for channel, words in CHANNEL_WORDS.items():
            self.fields[f"window_{channel}"] = number(f"{words}: days", unit="days")
            self.fields[f"rank_{channel}"] = choice(f"{words}: looked at", _RANKS)

    @property
    def channels(self) -> list[tuple[Any, Any]]:
        return [(self[f"window_{one}"], self[f"rank_{one}"]) for one in CHANNEL_WORDS]


def rules(request: StaffRequest) -> HttpResponse:
    """Show it, and change it while nothing is recorded that it decides about."""
    program = request.program
    stored = program_sheet({name: getattr(program, name) for name in SETTINGS}, program.currency)
    posted = {name: str(request.POST[name]) for name in request.POST}
    form = ProgramRulesForm(posted if request.method == "POST" else stored, currency=program.currency)
    if request.method == "POST":
        settings, problems = settings_of(posted, program.currency)
        for problem in problems:
            form.add_error(problem.field if problem.field in form.fields else None, sentence(problem))
        written = (
            None if problems else tried(form, lambda: change_program_rules(program, settings, actor=actor_of(request)))
        )
        if written is not None:
            messages.success(request, "Saved.")
            return redirect("backoffice:settings-rules", program.slug)
    context = {"form": form, "open": rules_are_open(program), "sentences": credit_of(program)}
    return render(request, "backoffice/settings/rules.html", context, status=422 if form.errors else 200)
