"""The hash of a transaction is that of one JSON array, whatever its texts hold."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from goodword.ledger.chain import Content, Leg, canonical_json, chained_hash

AWKWARD = st.sampled_from(['"', "\\", '","', '\\"', "\t", "\n", "\x1f", "\x7f", "\u2028", "é", ""])
TEXTS = st.lists(st.one_of(AWKWARD, st.text(max_size=4)), max_size=3).map("".join)
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
FIELDS = st.one_of(PLAIN, TEXTS)


@given(
    FIELDS,
    st.lists(FIELDS, min_size=10, max_size=10),
    st.lists(st.tuples(*[FIELDS] * 5), min_size=2, max_size=3),
    FIELDS,
)
def test_the_hash_covers_one_json_array_of_all_texts(previous, fields, legs, reason):
    evidence = {"reason": reason}
    content = Content(*fields, canonical_json(evidence))
    array = json.dumps(
        [previous, *fields, evidence, *map(list, sorted(legs))], separators=(",", ":"), ensure_ascii=False
    )
    expected = hashlib.sha256(array.encode("utf-8", "strict")).hexdigest()
    assert chained_hash(previous, content, [Leg(*leg) for leg in legs]) == expected
