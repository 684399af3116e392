"""Needs against offers: verdicts, recommendations, one cause one finding."""

from __future__ import annotations

import pytest

from vmlint.catalog.substrates import product_name, substrate_class
from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.finding import Confidence, Finding, Severity, Undecided, Verdict
from vmlint.model.need import Need, NeedKind, SubstrateClass, Surplus
from vmlint.model.span import SourceText
from vmlint.model.workload import OperatingSystem, Substrate, Workload
from vmlint.placement import judge
from vmlint.rule import Outcome, Rule

TEXT = SourceText("compose.yaml", "services: one two three")
SPAN = TEXT.span(0, 8)
OTHER = TEXT.span(10, 13)


def rule(name: str, severity: Severity = Severity.WARNING, subsumes: tuple[str, ...] = ()) -> Rule:
    return Rule(name, name.lower(), "", severity, "", (), Confidence.HIGH, subsumes=frozenset(subsumes))


def workload(kind: str) -> Workload:
    absent = Absent(SPAN)
    substrate = Substrate(substrate_class(kind), "", product_name(kind), kind, SPAN)
    return Workload(
        "service/x", "x", "compose", "service", SPAN, Known(substrate, SPAN),
        Known(OperatingSystem("linux"), SPAN), absent, absent, absent,
    )  # fmt: skip


def need(level: str, kind: NeedKind = NeedKind.ISOLATION, severity: Severity | None = None) -> Need:
    return Need(kind, level, "It is so.", SPAN, severity=severity, subject=SPAN)


@pytest.mark.parametrize(
    ("kind", "level", "met"),
    [
        ("runc", "process", True),
        ("runc", "sandbox", False),
        ("gvisor", "sandbox", True),
        ("gvisor", "hypervisor", False),
        ("kata", "hypervisor", True),
        ("lxd", "sandbox", False),
        ("vm", "hypervisor", True),
        ("vm", "hardware", False),
        ("bare-metal", "hardware", True),
    ],
)
def test_need_against_offer(kind: str, level: str, met: bool) -> None:
    judgement = judge(workload(kind), [(rule("VML401"), need(level))])
    assert [judged.met for judged in judgement.needs] == [met]
    assert judgement.verdict is (Verdict.OK if met else Verdict.UNDER_PLACED)
    assert len(judgement.findings) == (not met)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], Verdict.OK),
        ([("VML404", Severity.NOTICE)], Verdict.OK),
        ([("VML703", Severity.WARNING)], Verdict.OK),
        ([("VML104", Severity.WARNING)], Verdict.UNDER_PLACED),
        ([("VML101", Severity.ERROR)], Verdict.INCOMPATIBLE),
        ([("VML404", Severity.ERROR), ("VML502", Severity.ERROR)], Verdict.INCOMPATIBLE),
    ],
)
def test_verdict_by_family(outcomes: list[tuple[str, Severity]], verdict: Verdict) -> None:
    told: list[tuple[Rule, Outcome]] = [
        (rule(name), Finding("It is so.", SPAN, severity=severity)) for name, severity in outcomes
    ]
    assert judge(workload("runc"), told).verdict is verdict


def test_recommendation_is_the_cheapest_class_that_meets_all() -> None:
    sandbox = judge(workload("runc"), [(rule("VML403"), need("sandbox"))])
    assert sandbox.recommended == (SubstrateClass.SANDBOXED_CONTAINER,)
    assert "runsc" in sandbox.advice
    both = judge(
        workload("runc"),
        [(rule("VML403"), need("hypervisor")), (rule("VML303"), need("full-os", NeedKind.USERLAND))],
    )
    assert both.recommended == (SubstrateClass.VM,)


def test_what_replaces_a_system_container_has_a_whole_userland() -> None:
    assert judge(workload("lxd"), [(rule("VML404"), need("hypervisor"))]).recommended == (SubstrateClass.VM,)


def test_surplus_only_where_every_need_is_met_by_less() -> None:
    surplus = Surplus("Less would serve.", SPAN, SubstrateClass.CONTAINER)
    alone = judge(workload("vm"), [(rule("VML603"), surplus)])
    assert alone.verdict is Verdict.OVER_PLACED
    assert alone.recommended == (SubstrateClass.CONTAINER,)
    needed = judge(workload("vm"), [(rule("VML603"), surplus), (rule("VML301"), need("modules", NeedKind.KERNEL))])
    assert needed.verdict is Verdict.OK
    assert needed.findings == ()


def test_one_cause_one_finding() -> None:
    outcomes: list[tuple[Rule, Outcome]] = [
        (rule("VML404", Severity.ERROR, ("VML407",)), need("hypervisor")),
        (rule("VML407"), need("sandbox")),
    ]
    found = judge(workload("runc"), outcomes).findings
    assert [finding.rule.id for finding in found] == ["VML404"]
    assert [note.message for note in found[0].notes] == ["VML407: It is so"]


def test_undecided_only_where_it_matters_and_nothing_else_decided() -> None:
    unknown = Unknown("var.x", "it has no value", SPAN)
    vague: tuple[Rule, Outcome] = (rule("VML404"), Undecided(unknown))
    assert judge(workload("runc"), [vague]).verdict is Verdict.UNDECIDED
    assert judge(workload("runc"), [(rule("VML701"), Undecided(unknown, False))]).verdict is Verdict.OK
    assert judge(workload("runc"), [vague, (rule("VML405"), need("sandbox"))]).verdict is Verdict.UNDER_PLACED


def test_unknown_substrate_leaves_a_need_undecided() -> None:
    from vmlint.model.record import replace

    vague = replace(workload("runc"), substrate=Unknown("var.class", "it has no value", SPAN))
    judgement = judge(vague, [(rule("VML404", Severity.ERROR), need("hypervisor"))])
    assert judgement.verdict is Verdict.UNDECIDED
    assert judgement.findings == ()
    assert judgement.needs[0].met is None
