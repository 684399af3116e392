"""Needs against offers: one comparison for findings in both directions, the verdict and the recommendation.

`judge` takes what all rules said of one workload. A need that the substrate offers is kept as met, one that it
does not offer becomes a finding (under-placed); a surplus becomes a finding (over-placed) only where a cheaper
class meets every need. Which rules run, the thresholds and the suppressions are the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from vmlint.catalog import substrates
from vmlint.features import runs_on
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Confidence, Finding, Note, Severity, Undecided, Verdict
from vmlint.model.need import Need, Offer, SubstrateClass, Surplus
from vmlint.model.record import record, replace
from vmlint.model.span import Span
from vmlint.model.workload import Workload

Outcome: TypeAlias = Need | Surplus | Finding | Undecided


class RuleFacts(Protocol):
    """What is to be known of a rule to judge what it says; `vmlint.rule.Rule` is one."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def confidence(self) -> Confidence: ...
    @property
    def subsumes(self) -> frozenset[str]: ...
    @property
    def family(self) -> int: ...


@record
class JudgedNeed:
    """A need and whether the workload's substrate offers it; `met` is None where the substrate is not known."""

    rule: RuleFacts
    need: Need
    met: bool | None


@record
class JudgedFinding:
    """What is told of one cause, with the rule's severity and confidence filled in. Fields as for a `Finding`;
    what other rules say of the same cause is among the notes."""

    rule: RuleFacts
    severity: Severity
    confidence: Confidence
    message: str
    help: str
    span: Span
    notes: tuple[Note, ...] = ()
    subject: Span | None = None
    evidence: str = ""


@record
class Judgement:
    """What all rules come to on one workload. `recommended` are the cheapest classes that meet every need and can
    run it, the workload's own where nothing speaks against it; empty where nothing is known. `advice` says in the
    platform's words how to get there; empty for a workload that stays where it is."""

    verdict: Verdict
    needs: tuple[JudgedNeed, ...] = ()
    findings: tuple[JudgedFinding, ...] = ()
    undecided: tuple[tuple[RuleFacts, Undecided], ...] = ()
    recommended: tuple[SubstrateClass, ...] = ()
    advice: str = ""


# The verdict that a finding of a family or, before it, of a single rule asks for; other families ask for none.
_VERDICT_OF_FAMILY = {
    1: Verdict.INCOMPATIBLE,
    2: Verdict.UNDER_PLACED,
    3: Verdict.UNDER_PLACED,
    4: Verdict.UNDER_PLACED,
    5: Verdict.INCOMPATIBLE,
    6: Verdict.OVER_PLACED,
}
_VERDICT_OF_RULE = {"VML104": Verdict.UNDER_PLACED, "VML105": Verdict.UNDER_PLACED}
_GRAVEST_FIRST = (Verdict.INCOMPATIBLE, Verdict.UNDER_PLACED, Verdict.OVER_PLACED)


def offer_of(workload: Workload) -> Offer | None:
    """What the workload's substrate offers; None where the substrate is not known."""
    if not isinstance(workload.substrate, Known):
        return None
    return substrates.offer(workload.substrate.value.kind or workload.substrate.value.cls.value)


def judge(workload: Workload, outcomes: Iterable[tuple[RuleFacts, Outcome]]) -> Judgement:
    """Verdict, findings, needs and recommendation of a workload from the outcomes of all rules on it."""
    needs: list[JudgedNeed] = []
    surpluses: list[tuple[RuleFacts, Surplus]] = []
    findings: list[JudgedFinding] = []
    undecided: list[tuple[RuleFacts, Undecided]] = []
    offer = offer_of(workload)
    for rule, outcome in outcomes:
        match outcome:
            case Need():
                met = None if offer is None else offer.meets(outcome.kind, outcome.level)
                needs.append(JudgedNeed(rule, outcome, met))
                if met is False:
                    findings.append(_finding(rule, outcome))
                elif met is None and (unknown := _unknown_substrate(workload, rule, outcome)):
                    undecided.append((rule, unknown))
            case Surplus():
                surpluses.append((rule, outcome))
            case Finding():
                findings.append(_finding(rule, outcome))
            case Undecided():
                undecided.append((rule, outcome))
    accepted = [(rule, surplus) for rule, surplus in surpluses if _serves(workload, surplus.recommend, needs)]
    findings += [_finding(rule, surplus) for rule, surplus in accepted]
    findings = _one_cause_one_finding(findings)
    verdict = _verdict(findings, undecided)
    recommended = _recommended(workload, verdict, needs, [surplus for _, surplus in accepted], findings)
    advice = _advice(workload, recommended)
    if advice:
        findings = [_with_what_runs_it(finding, advice) for finding in findings]
    return Judgement(
        verdict,
        tuple(needs),
        tuple(sorted(findings, key=lambda f: (f.span.sort_key, f.rule.id, f.message))),
        tuple(undecided),
        recommended,
        advice,
    )


_CANNOT_RUN = 5


def _with_what_runs_it(finding: JudgedFinding, advice: str) -> JudgedFinding:
    """A finding that its substrate cannot run the workload says what can."""
    if finding.rule.family != _CANNOT_RUN:
        return finding
    return replace(finding, help=f"{finding.help} Alternative: {advice}.".strip())


def _finding(rule: RuleFacts, outcome: Need | Surplus | Finding) -> JudgedFinding:
    return JudgedFinding(
        rule,
        outcome.severity or rule.severity,
        Confidence[outcome.confidence.upper()] if outcome.confidence else rule.confidence,
        outcome.message,
        outcome.help,
        outcome.span,
        outcome.notes,
        None if isinstance(outcome, Surplus) else outcome.subject,
        outcome.evidence,
    )


def _unknown_substrate(workload: Workload, rule: RuleFacts, need: Need) -> Undecided | None:
    """A need whose substrate nobody knows: it matters where it would be more than a notice."""
    if not isinstance(workload.substrate, Unknown):
        return None
    severity = need.severity or rule.severity
    return Undecided(workload.substrate, matters=severity > Severity.NOTICE)


def _one_cause_one_finding(findings: list[JudgedFinding]) -> list[JudgedFinding]:
    """Findings that another one subsumes on the same subject, as notes of that one."""
    kept: list[JudgedFinding] = []
    for finding in findings:
        if any(_subsumes(other, finding) for other in findings):
            continue
        swallowed = [other for other in findings if _subsumes(finding, other)]
        notes = tuple(Note(f"{o.rule.id}: {o.message.rstrip('.')}", o.span) for o in swallowed)
        kept.append(replace(finding, notes=finding.notes + notes))
    return kept


def _subsumes(one: JudgedFinding, other: JudgedFinding) -> bool:
    return other.rule.id in one.rule.subsumes and one.subject is not None and one.subject == other.subject


def _verdict(findings: list[JudgedFinding], undecided: list[tuple[RuleFacts, Undecided]]) -> Verdict:
    """Errors and warnings decide; an unknown that matters only where nothing else did."""
    asked = {
        _VERDICT_OF_RULE.get(finding.rule.id, _VERDICT_OF_FAMILY.get(finding.rule.family))
        for finding in findings
        if finding.severity > Severity.NOTICE
    }
    for verdict in _GRAVEST_FIRST:
        if verdict in asked:
            return verdict
    return Verdict.UNDECIDED if any(outcome.matters for _, outcome in undecided) else Verdict.OK


def _serves(workload: Workload, cls: SubstrateClass, needs: Iterable[JudgedNeed]) -> bool:
    """Whether a class offers every need, is to be had on the platform, and can run the workload."""
    if cls not in _TO_BE_HAD.get(platform_of(workload), SubstrateClass) and cls is not workload.substrate_class:
        return False
    kind = product_of(workload, cls)
    offer = substrates.offer(kind)
    if isinstance(workload.os, Known) and workload.os.value.family not in (*offer.guest_os, "unknown"):
        return False
    return all(offer.meets(n.need.kind, n.need.level) for n in needs) and runs_on(workload, kind)


# ECS has no RuntimeClass: a task runs on an instance or on Fargate. Kubernetes has no Hyper-V isolation.
_TO_BE_HAD = {
    "ecs": (SubstrateClass.CONTAINER, SubstrateClass.VM_CONTAINER, SubstrateClass.VM, SubstrateClass.BARE_METAL),
    "windows-kubernetes": (SubstrateClass.CONTAINER, SubstrateClass.VM, SubstrateClass.BARE_METAL),
}


def _recommended(
    workload: Workload,
    verdict: Verdict,
    needs: list[JudgedNeed],
    surpluses: list[Surplus],
    findings: list[JudgedFinding],
) -> tuple[SubstrateClass, ...]:
    own = workload.substrate_class
    if own is None or verdict is Verdict.UNDECIDED:
        return ()
    if verdict is Verdict.OVER_PLACED:
        return (min((s.recommend for s in surpluses), key=lambda cls: cls.cost),)
    if all(judged.met for judged in needs) and verdict is Verdict.OK:
        return (own,)
    # Where needs are unmet, a cheaper class is no answer to them: begin at the workload's own.
    # A service or runtime with a kernel per container was chosen for more than its boundary.
    free = own is SubstrateClass.VM_CONTAINER or _is_service(workload)
    candidates = [cls for cls in SubstrateClass if cls.cost >= own.cost or free]
    if _is_refused(workload, findings):
        candidates.remove(own)
    serving = [cls for cls in candidates if _serves(workload, cls, needs) and _keeps_userland(workload, cls)]
    return (serving[0],) if serving else ()


def _is_service(workload: Workload) -> bool:
    return isinstance(workload.substrate, Known) and substrates.is_service(workload.substrate.value.kind)


def _is_refused(workload: Workload, findings: list[JudgedFinding]) -> bool:
    """Whether its own product cannot run it, whatever is set there otherwise. The evidence of such a finding is the
    limit's feature."""
    if not isinstance(workload.substrate, Known):
        return False
    limits = substrates.limits(workload.substrate.value.kind)
    refused = (limits.get(f.evidence) for f in findings if f.rule.family == _CANNOT_RUN)
    return any(limit is not None and not limit.by_setting for limit in refused)


def _keeps_userland(workload: Workload, cls: SubstrateClass) -> bool:
    """A system container has the userland of a whole system: what replaces it must have one too."""
    if workload.substrate_class is not SubstrateClass.SYSTEM_CONTAINER:
        return True
    return substrates.offer(product_of(workload, cls)).userland == "full-os"


def substrate_name(workload: Workload) -> str:
    """The workload's product in the field's words; `its substrate` where it is not known."""
    if not isinstance(workload.substrate, Known):
        return "its substrate"
    return substrates.product_name(workload.substrate.value.kind or workload.substrate.value.cls.value)


def product_of(workload: Workload, cls: SubstrateClass) -> str:
    """The product by which a class is to be had on the workload's platform: a key of the catalogue."""
    if cls is workload.substrate_class and isinstance(workload.substrate, Known):
        return workload.substrate.value.kind or cls.value
    windows = isinstance(workload.os, Known) and workload.os.value.family == "windows"
    match cls:
        case SubstrateClass.CONTAINER:
            return "windows-process" if windows else "runc"
        case SubstrateClass.SYSTEM_CONTAINER:
            return "sysbox" if workload.format in ("compose", "kubernetes") else "lxd"
        case SubstrateClass.SANDBOXED_CONTAINER:
            return "gvisor"
        case SubstrateClass.VM_CONTAINER:
            if platform_of(workload) == "ecs":
                return "ecs-fargate"
            return "hyper-v-container" if windows else "kata"
        case _:
            return cls.value


def platform_of(workload: Workload) -> str:
    """The platform in whose words to recommend: `kubernetes`, `compose`, each with `windows-` in front for Windows,
    `ecs` or empty."""
    provider = workload.substrate.value.provider if isinstance(workload.substrate, Known) else ""
    windows = isinstance(workload.os, Known) and workload.os.value.family == "windows"
    if workload.format == "compose":
        return "windows-compose" if windows else "compose"
    if workload.format == "kubernetes" or workload.kind.startswith("kubernetes_") or "Kubernetes" in provider:
        return "windows-kubernetes" if windows else "kubernetes"
    return "ecs" if workload.kind.startswith("aws_ecs_") else ""


def _advice(workload: Workload, recommended: tuple[SubstrateClass, ...]) -> str:
    if not recommended or recommended[0] is workload.substrate_class:
        return ""
    return substrates.recommendation(recommended[0], platform_of(workload))
