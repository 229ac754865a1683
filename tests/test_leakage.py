"""Texts that training and evaluation share."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitgen.leakage import TextIndex
from splitgen.pools.shards import EXAMPLES

SENTENCE = "The committee awarded the Copper Plectrum Prize to Calla Wintersmith in Antwerp last year ."
PASSAGE = "Some news first . " + SENTENCE + " Then a great deal of other things happened that nobody wrote down ."


def examples(*texts: str) -> pa.Table:
    rows = [{"id": str(i), "tokens": text.split(), "spans": []} for i, text in enumerate(texts)]
    return pa.Table.from_pylist(rows, schema=EXAMPLES)


def shared(texts: list[str], others: list[str], overlap: float = 0.5) -> list[tuple[bool, bool]]:
    found = TextIndex(examples(*others)).shared_by(examples(*texts), overlap)
    return list(zip(found.exact.tolist(), found.near.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SENTENCE, (True, True)),
        (SENTENCE.upper().replace(" .", "!"), (True, True)),  # case and punctuation do not matter
        (SENTENCE.replace("Antwerp", "Galway"), (False, True)),  # one word is another
        (PASSAGE, (False, True)),  # the sentence inside a longer text
        ("Last year in Antwerp , to Calla Wintersmith , the prize went .", (False, False)),  # other words in a row
        ("Calla Wintersmith in Antwerp", (False, False)),  # too short to be a near-duplicate
    ],
)
def test_what_is_shared_with_a_sentence(text, expected):
    assert shared([text], ["Something else entirely , of no account .", SENTENCE]) == [expected]


def test_short_texts_are_shared_only_exactly():
    assert shared(["a comedy", "a comedy please"], ["A comedy !"]) == [(True, True), (False, False)]


def test_the_overlap_decides():
    half = "The committee awarded the Copper Plectrum Prize and then went home to sleep for a while"
    assert shared([half], [SENTENCE], 0.3) == [(False, True)]  # 5 of 13 trigrams
    assert shared([half], [SENTENCE], 0.5) == [(False, False)]


def test_nothing_is_shared_with_nothing():
    assert shared([], [SENTENCE]) == []
    assert shared([SENTENCE], []) == [(False, False)]


WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12).map(" ".join)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6), st.lists(WORDS, min_size=1, max_size=6), st.sampled_from([0.3, 0.5, 1]))
def test_against_sets_of_trigrams(texts, others, overlap):
    import re

    def grams(text: str) -> set[str]:
        words = re.findall(r"\w\w?", text)  # all words here have one letter
        return {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}

    expected = []
    for text in texts:
        close = any(
            min(len(grams(text)), len(grams(other))) >= 4
            and len(grams(text) & grams(other)) >= overlap * min(len(grams(text)), len(grams(other)))
            for other in others
        )
        expected.append((text in others, close or text in others))
    assert shared(texts, others, overlap) == expected
