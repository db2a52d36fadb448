"""An independent reader of `steps`: redoes every step with a calculator and follows the money to the line's amount.

It knows the words of a step, nothing of the engine. Where the oracle knows a figure (`known`), the step must name it.
"""

from collections import Counter
from fractions import Fraction

from tests.oracle.arithmetic import number, read_sum
from tests.oracle.numbers import round_to

# Steps in words: no sum to redo.
WORDS = {"agreement", "rule", "override"}
# A figure after one of these words, and what `is` says about it.
TOTALS = {"tier": ("total before: ", "total after: ", "total of the period: "), "total": ("total before: ",)}
SHARES_IN_WORDS = ("decided by ", "kept from ", "assisted", "first touch", "last touch")
NEEDED = {
    "commission": {"share", "agreement", "rule", "basis", "rate", "round", "amount"},
    "override": {"override", "rate", "amount"},
    "bonus": {"total", "bonus", "amount"},
}
# What carries on the figure of an earlier step, and of which: the first that has come.
CARRIES = {
    "split": ("basis",),
    "tail": ("rate",),
    "round": ("tail", "rate"),
    "floor": ("part", "round"),
    "amount": (
        "budget",
        "guardrail",
        "cap per period",
        "cap per customer",
        "cap per sale",
        "floor",
        "part",
        "round",
        "bonus",
        "rate",
    ),
}
CARRIES["cap per sale"] = ("floor", "part", "round")
CARRIES["cap per customer"] = ("cap per sale", *CARRIES["cap per sale"])
CARRIES["cap per period"] = ("cap per customer", *CARRIES["cap per customer"])
CARRIES["guardrail"] = ("cap per period", *CARRIES["cap per period"])
CARRIES["budget"] = CARRIES["amount"][1:]
REASONS = {
    "floor": "floor",
    "cap per sale": "capped_sale",
    "cap per customer": "capped_customer",
    "cap per period": "capped_period",
    "guardrail": "guardrail",
    "budget": "budget",
}


def problems_of(line, places, mode, known):
    """What is wrong with the steps of one line of the output; nothing where a stranger gets the amount."""
    reader = _Reader(line, places, mode, known)
    try:
        for step in line["steps"]:
            reader.take(step)
        reader.finish()
    except (ValueError, KeyError, ZeroDivisionError) as failure:
        reader.say(f"cannot be read: {failure!r}")
    return reader.problems


class _Reader:
    def __init__(self, line, places, mode, known):
        self.line, self.unit, self.mode, self.known = line, Fraction(1, 10**places), mode, known
        self.done, self.problems = {}, []

    def say(self, what):
        self.problems.append(f"steps: {what}")

    def take(self, step):
        do, source, given = step["do"], step["from"], step["is"]
        if do in self.done:
            self.say(f"{do} comes twice")
        if do in WORDS or (do == "share" and source.startswith(SHARES_IN_WORDS)):
            self._take_words(do, source, given)
        elif do in ("tier", "total", "schedule", "bonus"):
            self._take_lookup(do, source, given)
        else:
            self._take_sum(do, source, given)

    def _take_words(self, do, source, given):
        self.done[do] = number(given) if do == "share" else given
        self._compare(do, [], None, self.done[do], source)

    def _take_lookup(self, do, source, given):
        """A figure picks something from a table of the terms."""
        text = source.removeprefix("whole months since the first: ").removeprefix("reaches ").partition(" in this ")[0]
        for prefix in TOTALS.get(do, ()):
            text = text.removeprefix(prefix)
        self.done[do] = given if do in ("tier", "schedule") else number(given)
        self._compare(do, [number(text)], None, self.done[do], source)

    def _take_sum(self, do, source, given):
        found, result = read_sum(source), number(given)
        unit = Fraction(1, 1_000_000) if do == "share" else self.unit
        if self._brought(do, found, unit) != result:
            self.say(f"{do}: {source} is not {given}")
        if do in CARRIES and "together" not in source:
            carried = next((self.done[name] for name in CARRIES[do] if name in self.done), None)
            if carried is None or carried not in found.figures:
                self.say(f"{do}: {source} does not go on from {carried}")
        if do == "part":
            self._follow_part(found, source)
        if do in ("floor", "cap per sale") and "%" in source and self.done.get("share") not in found.figures:
            self.say(f"{do}: {source} does not take the share {self.done.get('share')}")
        self.done[do] = result
        self._compare(do, found.figures, found.value, result, source)
        self._compare_labels(do, found.labels, source)

    def _brought(self, do, found, unit):
        """The value after what the note says is done to it."""
        exact = found.value / unit
        if found.note is None:
            return found.value
        if found.note.startswith("rounded"):
            mode = found.note.removeprefix("rounded ").replace(" ", "_")
            wanted = "down" if do == "limit on all" else self.mode
            if mode != wanted:
                self.say(f"{do}: rounded {mode}, not {wanted}")
            return round_to(exact, mode) * unit
        whole = exact // 1
        return (whole + (found.note.endswith("up") and whole != exact)) * unit

    def _follow_part(self, found, source):
        """Its part of what was rounded together: the rounded sum, and what this line alone came to."""
        own = self.done.get("tail", self.done.get("rate"))
        wanted = [self.done["round"]] + ([own] if len(found.figures) > 1 else [])
        if any(figure not in found.figures for figure in wanted):
            self.say(f"part: {source} does not go on from {wanted}")

    def _compare(self, do, figures, value, result, source):
        """Hold one step against what the oracle knows about it."""
        if self.known is None:
            return
        known = self.known.get(do)
        if known is None:
            self.say(f"{do}: the oracle has no such step")
            return
        missing = [str(figure) for figure in (Counter(known.figures) - Counter(figures)).elements()]
        missing += [word for word in known.words if word not in source]
        if missing:
            self.say(f"{do}: {source} should name {', '.join(missing)}")
        if known.value is not None and value is not None and known.value != value:
            self.say(f"{do}: {source} comes to {value}, the oracle has {known.value}")
        if known.gives is not None and known.gives != result:
            self.say(f"{do}: gives {result}, the oracle has {known.gives}")

    def _compare_labels(self, do, labels, source):
        known = self.known.get(do) if self.known is not None else None
        for label, figure in labels:
            if known and label in known.labels and known.labels[label] != figure:
                self.say(f"{do}: {source}: the oracle has {known.labels[label]} {label}")

    def finish(self):
        """The steps end in the line's own figures, and each limit that is a reason is shown."""
        line, done = self.line, self.done
        if done["amount"] != number(line["amount"]):
            self.say(f"end in {done['amount']}, the amount is {line['amount']}")
        shown = done.get("split", done.get("basis", Fraction(0)))
        if shown != number(line["basis"]):
            self.say(f"show the basis {shown}, the line says {line['basis']}")
        if [reason for do, reason in REASONS.items() if do in done] != line["reasons"]:
            self.say(f"show the limits {list(done)}, the reasons are {line['reasons']}")
        if line["kind"] == "commission" and done["share"] * 1_000_000 != line["share_ppm"]:
            self.say(f"show the share {done['share']}, the line says {line['share_ppm']} ppm")
        rates = done.get("tier", done.get("schedule"))
        if rates is not None and rates != line["rate"]:
            self.say(f"show the rate {rates}, the line says {line['rate']}")
        if lost := NEEDED[line["kind"]] - done.keys():
            self.say(f"do not show {', '.join(sorted(lost))}")
