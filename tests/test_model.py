"""The ground floor: places, facts and the value tree."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.model.fact import Absent, Known, Origin, Unknown, first_stated, value_or
from vmlint.model.need import LEVELS, NeedKind, Offer, SubstrateClass
from vmlint.model.span import SourceText
from vmlint.model.value import (
    Mapping,
    Missing,
    Scalar,
    Sequence,
    Unresolved,
    at,
    boolean,
    entries,
    integer,
    items,
    number,
    text,
)

SOURCE = SourceText("compose.yaml", "privileged: true\nimage: nginx\n")
SPAN = SOURCE.span(0, 16)
UNKNOWN = Unknown("var.image", "it has no default", SPAN)


def scalar(value: str | int | float | bool | None) -> Scalar:
    return Scalar(value, SOURCE, 12, 16)


class TestPlaces:
    @given(st.text(alphabet="a\n\r\u2028é", max_size=40), st.integers(0, 50))
    def test_a_position_leads_back_to_its_offset(self, content: str, offset: int) -> None:
        source = SourceText("f", content)
        position = source.position(offset)
        assert source.line_starts[position.line - 1] + position.column - 1 == position.offset
        assert position.offset == min(offset, len(content))

    @given(st.text(alphabet="ab\n\r", max_size=40))
    def test_lines_end_where_editors_end_them(self, content: str) -> None:
        expected = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        source = SourceText("f", content)
        assert [source.line(n + 1) for n in range(len(source.line_starts))] == expected

    def test_unicode_separators_are_no_line_breaks(self) -> None:
        assert SourceText("f", "a\u2028b\x85c").position(4) == SourceText("f", "abcde").position(4)

    def test_past_the_end_is_the_end(self) -> None:
        assert SourceText("f", "ab").position(99).column == 3
        assert SourceText("f", "ab").line(7) == ""

    def test_first_line_of_a_block(self) -> None:
        assert SOURCE.whole().first_line().text == "privileged: true"

    def test_sources_are_equal_by_path(self) -> None:
        assert SourceText("a", "1") == SourceText("a", "2")
        assert SourceText("a", "1") != SourceText("b", "1")


class TestFacts:
    def test_map_keeps_place_and_origin(self) -> None:
        origin = Origin("variable default", SPAN)
        assert Known("1", SPAN, (origin,)).map(int) == Known(1, SPAN, (origin,))

    @pytest.mark.parametrize("fact", [Absent(SPAN), UNKNOWN])
    def test_what_is_not_known_maps_to_itself(self, fact: Absent | Unknown) -> None:
        assert fact.map(int) is fact
        assert value_or(fact, 7) == 7

    def test_first_stated_stops_at_an_unknown(self) -> None:
        assert first_stated([Absent(SPAN), UNKNOWN, Known(1, SPAN)], Absent(SPAN)) is UNKNOWN
        assert first_stated([Absent(SPAN)], Known(2, SPAN)) == Known(2, SPAN)


class TestWalking:
    def test_every_step_is_total(self) -> None:
        tree = Mapping({"a": Sequence([scalar(1)], SOURCE, 0, 5)}, SOURCE, 0, 5)
        assert isinstance(at(tree, "a", "b", "c"), Missing)
        assert isinstance(at(tree, "x", "y"), Missing)
        assert list(entries(at(tree, "a"))) == []

    def test_null_is_missing(self) -> None:
        assert isinstance(at(Mapping({"a": scalar(None)}, SOURCE, 0, 5), "a"), Missing)

    def test_a_key_that_may_exist_is_unresolved(self) -> None:
        tree = Mapping({"a": scalar(1)}, SOURCE, 0, 5, rest=UNKNOWN)
        assert isinstance(at(tree, "b"), Unresolved)
        assert integer(at(tree, "a")) == Known(1, SOURCE.span(12, 16))

    def test_a_step_below_an_unresolved_value_names_the_path(self) -> None:
        below = at(Unresolved(UNKNOWN), "repository")
        assert isinstance(below, Unresolved)
        assert below.unknown.expression == "var.image.repository"

    def test_items_keep_the_known_beside_the_unknown(self) -> None:
        found = list(items(Sequence([scalar("NET_ADMIN")], SOURCE, 0, 5, rest=UNKNOWN)))
        assert [type(item) for item in found] == [Scalar, Unresolved]
        assert list(items(scalar(None))) == []
        assert len(list(items(scalar("one")))) == 1


class TestLeaves:
    @pytest.mark.parametrize(("raw", "expected"), [(True, True), ("yes", True), ("Off", False), ("0", False)])
    def test_booleans_as_the_platforms_read_them(self, raw: str | bool, expected: bool) -> None:
        assert boolean(scalar(raw)) == Known(expected, SOURCE.span(12, 16))

    @pytest.mark.parametrize("raw", ["maybe", "", 3])
    def test_what_does_not_convert_is_unknown(self, raw: str | int) -> None:
        assert isinstance(boolean(scalar(raw)), Unknown)

    def test_a_boolean_is_no_number(self) -> None:
        assert isinstance(number(scalar(True)), Unknown)

    @given(st.integers(-(10**15), 10**15))
    def test_integers_survive_text(self, value: int) -> None:
        assert integer(scalar(str(value))) == Known(value, SOURCE.span(12, 16))
        assert text(scalar(value)) == Known(str(value), SOURCE.span(12, 16))

    @pytest.mark.parametrize("raw", ["inf", "nan", "1e999"])
    def test_numbers_are_finite(self, raw: str) -> None:
        assert isinstance(number(scalar(raw)), Unknown)

    def test_key_and_value_are_underlined_together(self) -> None:
        value = scalar(True)
        value.key_start = 0
        assert value.entry_span.text == "privileged: true"
        assert boolean(value) == Known(True, SPAN)

    def test_a_moved_value_keeps_its_origins_nearest_first(self) -> None:
        first, second = Origin("local.image", SPAN), Origin("variable default", SPAN)
        value = Scalar("nginx", SOURCE, 0, 5, (second,)).moved(SOURCE.span(6, 9), first)
        assert value.via == (first, second)
        assert (value.start, value.end) == (6, 9)


class TestOffers:
    OFFER = Offer("hypervisor", "own", "application", "share", "none", frozenset({"linux"}))

    @given(st.sampled_from([kind for kind in NeedKind if kind in LEVELS]), st.data())
    def test_an_offer_meets_its_own_level_and_all_below(self, kind: NeedKind, data: st.DataObject) -> None:
        order = LEVELS[kind]
        offered = order.index(getattr(self.OFFER, kind.value))
        level = data.draw(st.sampled_from(order))
        assert self.OFFER.meets(kind, level) == (order.index(level) <= offered)

    def test_the_guest_os_is_a_family(self) -> None:
        assert self.OFFER.meets(NeedKind.GUEST_OS, "linux")
        assert not self.OFFER.meets(NeedKind.GUEST_OS, "windows")

    def test_classes_are_ordered_by_cost(self) -> None:
        costs = [cls.cost for cls in SubstrateClass]
        assert costs == sorted(costs)
        assert [c for c in SubstrateClass if c.shares_kernel] == ["container", "system-container"]


def test_the_model_needs_the_standard_library_only() -> None:
    code = (
        "import sys, vmlint.model.workload, vmlint.model.value;"
        "print([m for m in sys.modules if m.split('.')[0] in ('click','ruamel','lark','hcl2','jsonschema')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
