"""Ids as Zilliz Cloud's clients know them: the beginnings of our own, found again by range."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adieu.api.v2.ids import CLUSTER, PROJECT, Form

FORMS = [(PROJECT, r"proj-[0-9a-f]{22}"), (CLUSTER, r"in01-[0-9a-f]{15}")]
both = pytest.mark.parametrize(("form", "looks"), FORMS, ids=["project", "cluster"])


@both
@given(id_=st.uuids(), other=st.uuids())
def test_an_id_is_within_the_span_of_what_is_written_and_no_other_is(
    form: Form, looks: str, id_: UUID, other: UUID
) -> None:
    text = form.write(id_)
    assert re.fullmatch(looks, text)
    span = form.span(text)
    assert span is not None
    first, last = span
    assert first <= id_ <= last
    assert (first <= other <= last) == (form.write(other) == text)
    # SQLite keeps ids as text, where the order has to be the same.
    assert (first.hex <= other.hex <= last.hex) == (first <= other <= last)
    assert form.write(first) == form.write(last) == text


@both
@given(text=st.text() | st.from_regex(r"(proj|in01|in03)-[0-9a-fA-F]{14,23}\n?", fullmatch=True))
@example(text="proj-" + "F" * 22)
@example(text="proj-" + "0" * 22 + "\n")
@example(text="in01-" + "٣" * 15)
@example(text="in01-" + "0" * 5000)
@example(text="")
def test_what_is_no_such_id_has_no_span(form: Form, looks: str, text: str) -> None:
    assert (form.span(text) is not None) == bool(re.fullmatch(looks, text))
