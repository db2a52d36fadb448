"""Settlement: what a set of facts is worth under a program, as one pure function (`settlement.md` is its contract).

    program = read_program(document)              # parsed JSON; raises InvalidInput with every problem
    facts = read_facts(program, objects)          # parsed JSON facts in any order; raises InvalidInput
    settlement = settle(program, facts, as_of)    # as_of: an instant, or None for the latest `at` of any fact
    for line in settlement.lines: line_to_json(line)

A caller that already holds checked facts (the settlement worker) skips `read_facts` and fills `FactSet` with records
itself: `FactSet(partners=[Partner(...)], sales=[Sale(...)], ...)`; amounts in minor units, instants from
`instant(datetime)`. `fact_to_json` writes a record as the object a facts file holds. `explain` puts a line into words.
"""

from goodword.domain.settlement.calendar import Zone, instant, moment, rfc3339
from goodword.domain.settlement.checkpoint import Checkpoint, ReachesBack, Record, Unfit, merged
from goodword.domain.settlement.explain import Explanation, explain, explain_steps
from goodword.domain.settlement.program import Program, Rule, Terms
from goodword.domain.settlement.read_facts import FactReader, read_facts
from goodword.domain.settlement.read_program import read_program
from goodword.domain.settlement.records import (
    FACTS,
    Agreement,
    Cancel,
    Code,
    Conversion,
    Credit,
    Customer,
    Event,
    Fact,
    FactSet,
    Instant,
    Partner,
    Rate,
    Refund,
    Sale,
    SaleLine,
    Share,
    Touch,
)
from goodword.domain.settlement.result import (
    Line,
    Notice,
    Outcome,
    Settlement,
    Step,
    Total,
    amounts_by_line,
    line_to_json,
    outcome_to_json,
    summary,
)
from goodword.domain.settlement.settle import settle, settle_on, settle_saving
from goodword.domain.settlement.write_facts import fact_to_json

__all__ = [
    "FACTS",
    "Agreement",
    "Cancel",
    "Checkpoint",
    "Code",
    "Conversion",
    "Credit",
    "Customer",
    "Event",
    "Explanation",
    "Fact",
    "FactReader",
    "FactSet",
    "Instant",
    "Line",
    "Notice",
    "Outcome",
    "Partner",
    "Program",
    "Rate",
    "ReachesBack",
    "Record",
    "Refund",
    "Rule",
    "Sale",
    "SaleLine",
    "Settlement",
    "Share",
    "Step",
    "Terms",
    "Total",
    "Touch",
    "Unfit",
    "Zone",
    "amounts_by_line",
    "explain",
    "explain_steps",
    "fact_to_json",
    "instant",
    "line_to_json",
    "merged",
    "moment",
    "outcome_to_json",
    "read_facts",
    "read_program",
    "rfc3339",
    "settle",
    "settle_on",
    "settle_saving",
    "summary",
]
