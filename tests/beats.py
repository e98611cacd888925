"""Beats for tests: strategies for hypothesis, and keys to sign with."""

from __future__ import annotations

from hypothesis import strategies as st

from heart.beat import GOODBYE_SEQUENCE, Ack, Beat, Entry, Order, ServiceWord, Word, name_hash
from heart.keys import Keys

KEYS = Keys({1: bytes(range(32)), 7: bytes(range(32, 96))}, 1)

numbers = st.integers(0, 2**62)
hashes = st.integers(0, 2**32 - 1)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
flags = st.integers(0, 127)
acks = st.builds(
    Ack, hashes, numbers, st.integers(0, GOODBYE_SEQUENCE), st.lists(numbers, max_size=4).map(tuple)
)
service_words = st.builds(ServiceWord, hashes, numbers, flags, st.none() | numbers, st.none() | hashes)
notes = st.lists(st.tuples(names, names, names), max_size=2).map(tuple)
entries = st.builds(
    Entry,
    names,
    numbers,
    numbers,
    names,
    names,
    notes,
    st.binary(max_size=20),
    numbers,
    st.lists(hashes, max_size=4).map(tuple),
)
kinds = st.sampled_from(["standby", "move", "retry", "attribute", "later"])
subjects = st.sampled_from(["web", "alpha", "beta", "alpha/lag", "no such"])
values = st.sampled_from(["", "yes", "alpha", "beta", "no such"])
orders = st.builds(Order, kinds, subjects, values, numbers, names, numbers)
words = st.builds(
    Word,
    st.lists(hashes, max_size=3).map(tuple),
    st.lists(service_words, max_size=3).map(tuple),
    st.binary(max_size=10),
    st.lists(entries, max_size=2).map(tuple),
    st.lists(orders, max_size=2).map(tuple),
)
beats = st.builds(
    Beat,
    names,
    numbers,
    st.integers(1, GOODBYE_SEQUENCE),
    flags,
    st.lists(numbers, max_size=3).map(tuple),
    st.lists(hashes, max_size=3).map(tuple),
    st.lists(acks, max_size=3).map(tuple),
    words,
    st.lists(
        hashes | st.sampled_from([name_hash(name) for name in ("alpha", "beta", "gamma")]), max_size=10
    ).map(tuple),
)
