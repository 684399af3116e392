"""Kubernetes manifests to workloads and hosts."""

from __future__ import annotations

import pytest

from vmlint.model.fact import Absent, Known, Unknown, value_or
from vmlint.model.finding import ProblemKind
from vmlint.model.need import SubstrateClass
from vmlint.model.span import SourceText
from vmlint.model.workload import Container, Host, Workload
from vmlint.sources import kubernetes
from vmlint.sources.reading import Reading
from vmlint.syntax import yaml


def read(text: str) -> Reading:
    parsed = yaml.parse(SourceText("a.yaml", text))
    found = kubernetes.read_objects((document.root for document in parsed.documents), "a.yaml")
    return Reading(tuple(kubernetes.link(found.workloads, found.hosts)), found.hosts, found.problems)


def one(text: str) -> Workload:
    (workload,) = read(text).workloads
    return workload


def pod(spec: str, metadata: str = "name: p") -> Workload:
    return one(f"apiVersion: v1\nkind: Pod\nmetadata: {{{metadata}}}\nspec: {spec}\n")


def container(body: str, more: str = "") -> Container:
    return pod(f"{{containers: [{{name: c, image: nginx, {body}}}]{', ' + more if more else ''}}}").containers[0]


def deployment(more: str = "", image: str = "image: nginx") -> str:
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        f"spec: {{{more}template: {{spec: {{containers: [{{name: c, {image}}}]}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("head", "path"),
    [
        ("apiVersion: apps/v1\nkind: Deployment", "template.spec"),
        ("apiVersion: extensions/v1beta1\nkind: Deployment", "template.spec"),
        ("apiVersion: apps/v1beta2\nkind: StatefulSet", "template.spec"),
        ("apiVersion: v1\nkind: ReplicationController", "template.spec"),
        ("apiVersion: batch/v1beta1\nkind: CronJob", "jobTemplate.spec.template.spec"),
        ("apiVersion: batch/v1\nkind: Job", "template.spec"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Rollout", "template.spec"),
        ("apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig", "template.spec"),
        ("apiVersion: serving.knative.dev/v1\nkind: Service", "template.spec"),
        ("apiVersion: ray.io/v1\nkind: RayCluster", "headGroupSpec.template.spec"),
    ],
)
def test_kinds_find_their_pods_in_every_version(head: str, path: str) -> None:
    body = "{containers: [{name: c, image: redis}]}"
    for key in reversed(path.split(".")):
        body = f"{{{key}: {body}}}"
    workload = one(f"# first\n---\n{head}\nmetadata: {{name: x}}\nspec: {body}\n")
    assert value_or(workload.containers[0].image, "") == "redis"
    assert (workload.name, workload.instances) == ("x", Known(1, workload.span))
    assert workload.span.line == 3


@pytest.mark.parametrize(
    ("metadata", "address"),
    [("name: a", "Pod/a"), ("name: a, namespace: n", "Pod/n/a"), ("generateName: a-", "Pod/a-")],
)
def test_addresses(metadata: str, address: str) -> None:
    assert pod("{containers: [{image: nginx}]}", metadata).address == address


def test_the_same_kind_of_another_group_is_none() -> None:
    text = "apiVersion: serving.example.org/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}\n"
    assert read(text) == Reading()


def test_lists_and_templates_are_opened() -> None:
    inner = (
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}, "spec": {"containers": [{"image": "%s"}]}}'
    )
    listed = read(f'{{"apiVersion": "v1", "kind": "List", "items": [{inner % ("a", "b")}, {inner % ("c", "d")}]}}')
    assert [w.address for w in listed.workloads] == ["Pod/a", "Pod/c"]
    template = (
        "apiVersion: template.openshift.io/v1\nkind: Template\nparameters:\n- {name: TAG, value: '13'}\n"
        f"- {{name: OTHER}}\nobjects:\n- {inner % ('a', 'postgres:${TAG}')}\n- {inner % ('b', '${OTHER}')}\n"
    )
    images = [value_or(w.containers[0].image, "") for w in read(template).workloads]
    assert images == ["postgres:13", ""]


def test_a_patch_is_no_workload() -> None:
    reading = read(deployment(image="securityContext: {privileged: true}"))
    assert reading.workloads == ()
    assert [problem.kind for problem in reading.problems] == [ProblemKind.SKIPPED]


@pytest.mark.parametrize(
    ("version", "kind", "spec", "named"),
    [
        (
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            "chart: {spec: {chart: redis, sourceRef: {kind: HelmRepository, name: bitnami}}}",
            "Flux, or `helm template` of the chart that it names (bitnami, redis) would",
        ),
        (
            "argoproj.io/v1alpha1",
            "Application",
            "source: {repoURL: 'https://u:secret@example.com/a.git', path: apps/a}",
            "Argo CD, from the source that it names (https://example.com/a.git, apps/a) would",
        ),
        (
            "argoproj.io/v1alpha1",
            "ApplicationSet",
            "template: {spec: {sources: [{repoURL: r, chart: c}, {repoURL: r, path: '{{path}}'}]}}",
            "Argo CD, from the source that its template names (r, {{path}}, c) would",
        ),
        ("helm.cattle.io/v1", "HelmChart", "{}", "the Helm controller of the cluster would"),
    ],
)
def test_references_to_charts_are_named(version: str, kind: str, spec: str, named: str) -> None:
    spec = spec if spec == "{}" else f"{{{spec}}}"
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a, namespace: n}}\nspec: {spec}\n"
    (problem,) = read(text).problems
    assert problem.kind is ProblemKind.REFERENCE
    assert problem.message == f"{kind}/n/a is not rendered: {named} tell what it runs"


# Facts of a pod


def test_security_contexts_are_merged() -> None:
    found = container(
        "securityContext: {privileged: true, capabilities: {add: [CAP_NET_ADMIN, sys_module]}}",
        "securityContext: {runAsUser: 7, seccompProfile: {type: Unconfined}}",
    )
    assert value_or(found.privileged or Absent(found.span), None) is True
    assert [value_or(c, "") for c in found.capabilities] == ["NET_ADMIN", "SYS_MODULE"]
    assert found.user is not None
    assert value_or(found.user, "") == "7"
    assert [value_or(c, "") for c in found.confinement] == ["seccomp=unconfined"]


@pytest.mark.parametrize(
    ("volume", "kind"),
    [
        ("hostPath: {path: /data}", "host"),
        ("persistentVolumeClaim: {claimName: d}", "volume"),
        ("nfs: {server: s, path: /}", "volume"),
        ("awsElasticBlockStore: {volumeID: v}", "volume"),
        ("ephemeral: {volumeClaimTemplate: {}}", "ephemeral"),
        ("emptyDir: {}", "ephemeral"),
        ("configMap: {name: d}", "config"),
        ("projected: {sources: []}", "config"),
    ],
)
def test_volumes_by_kind(volume: str, kind: str) -> None:
    found = container("volumeMounts: [{name: v, mountPath: /x}]", f"volumes: [{{name: v, {volume}}}]")
    assert [(mount.kind, value_or(mount.target, "")) for mount in found.mounts] == [(kind, "/x")]


def test_a_claim_template_is_durable() -> None:
    workload = one(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: d}\nspec:\n"
        "  volumeClaimTemplates: [{metadata: {name: data}}]\n  template: {spec: {containers: [{image: a, "
        "volumeMounts: [{name: data, mountPath: /d}], volumeDevices: [{name: raw, devicePath: /dev/x}]}]}}\n"
    )
    assert [mount.kind for mount in workload.containers[0].mounts] == ["volume", "block"]


def test_init_containers_and_sidecars() -> None:
    workload = pod("{containers: [{image: a}], initContainers: [{image: b}, {image: c, restartPolicy: Always}]}")
    assert [c.kind for c in workload.containers] == ["main", "init", "sidecar"]


def test_host_access_and_sysctls() -> None:
    workload = pod(
        "{containers: [{image: a}], hostNetwork: true, hostUsers: false, "
        "securityContext: {sysctls: [{name: kernel.shmmax, value: '1'}]}}"
    )
    assert workload.host is not None
    assert value_or(workload.host.network, None) is True
    assert isinstance(workload.host.pid, Absent)
    assert value_or(workload.host.users, None) is False
    assert [sysctl.name for sysctl in workload.sysctls] == ["kernel.shmmax"]


def test_resources_limit_before_request() -> None:
    workload = pod(
        "{containers: [{image: a, resources: {limits: {memory: 1Gi}, requests: {memory: 1Mi, cpu: 250m}}}]}"
    )
    assert (value_or(workload.vcpu, None), value_or(workload.memory_mib, None)) == (0.25, 1024)
    assert isinstance(pod("{containers: [{image: a}]}").memory_mib, Absent)
    odd = pod("{containers: [{image: a, resources: {limits: {memory: lots}}}]}")
    assert isinstance(odd.memory_mib, Unknown)


def test_environment_from_a_config_map_of_the_file() -> None:
    workload = one(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {A: one, B: two}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: a, envFrom: [{prefix: X_, "
        "configMapRef: {name: m}}], env: [{name: C, valueFrom: {configMapKeyRef: {name: m, key: B}}}, "
        "{name: X_A, value: own}, {name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}\n"
    )
    environment = workload.containers[0].environment
    assert {name: value_or(fact, None) for name, fact in environment.items()} == {
        "X_A": "own", "X_B": "two", "C": "two", "S": None,
    }  # fmt: skip
    assert isinstance(environment["S"], Unknown)


CLAIM = "apiVersion: resource.k8s.io/v1\nkind: %s\nmetadata: {name: c}\nspec: %s\n---\n"
EXACTLY = "{devices: {requests: [{name: g, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}]}}"


@pytest.mark.parametrize(
    ("claim", "reference", "gpus"),
    [
        (CLAIM % ("ResourceClaimTemplate", f"{{spec: {EXACTLY}}}"), "resourceClaimTemplateName", 2),
        (CLAIM % ("ResourceClaim", EXACTLY), "resourceClaimName", 2),
        (
            CLAIM % ("ResourceClaim", "{devices: {requests: [{name: g, deviceClassName: gpu.amd.com}]}}"),
            "resourceClaimName",
            1,
        ),
        (
            CLAIM
            % ("ResourceClaim", "{devices: {requests: [{firstAvailable: [{deviceClassName: mig.nvidia.com}]}]}}"),
            "resourceClaimName",
            1,
        ),
        (
            CLAIM % ("ResourceClaim", "{devices: {requests: [{deviceClassName: nic.example.org}]}}"),
            "resourceClaimName",
            None,
        ),
    ],
)
def test_claims_on_devices(claim: str, reference: str, gpus: int | None) -> None:
    pods_own = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {resourceClaims: [{name: mine, %s: c}], "
    text = claim + pods_own % reference + "containers: [{image: a, resources: {claims: [{name: mine}]}}]}\n"
    resources = one(text).containers[0].resources
    assert resources is not None
    assert isinstance(resources.gpus, Known if gpus else Absent)
    assert value_or(resources.gpus, None) == gpus
    (elsewhere,) = (c.resources for c in one(text.removeprefix(claim)).containers)
    assert elsewhere is not None
    assert isinstance(elsewhere.gpus, Unknown)


# Instances


@pytest.mark.parametrize(
    ("scaler", "more", "count"),
    [
        ("", "replicas: 3, ", 3),
        ("autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {minReplicas: 4, ", "", 4),
        ("autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {minReplicas: 4, ", "replicas: 3, ", 3),
        ("keda.sh/v1alpha1\nkind: ScaledObject\nspec: {minReplicaCount: 2, ", "", 2),
        ("keda.sh/v1alpha1\nkind: ScaledObject\nspec: {", "", 1),
    ],
)
def test_an_autoscaler_counts_where_no_replicas_are_written(scaler: str, more: str, count: int) -> None:
    beside = f"---\napiVersion: {scaler}scaleTargetRef: {{kind: Deployment, name: web}}}}\n" if scaler else ""
    assert value_or(one(deployment(more) + beside).instances, None) == count


def test_a_daemon_set_has_no_count() -> None:
    workload = one(deployment().replace("Deployment", "DaemonSet"))
    assert workload.daemon
    assert isinstance(workload.instances, Absent)


# Substrate and operating system


@pytest.mark.parametrize(
    ("spec", "cls", "certain"),
    [
        ("", SubstrateClass.CONTAINER, True),
        ("runtimeClassName: gvisor", SubstrateClass.SANDBOXED_CONTAINER, True),
        ("runtimeClassName: kata", SubstrateClass.VM_CONTAINER, True),
        ("runtime-class: kata", SubstrateClass.CONTAINER, True),
        ("runtimeClassName: house-blend", SubstrateClass.CONTAINER, False),
    ],
)
def test_substrate_by_runtime_class(spec: str, cls: SubstrateClass, certain: bool) -> None:
    workload = pod(f"{{containers: [{{image: a}}]{', ' + spec if spec else ''}}}")
    assert isinstance(workload.substrate, Known)
    assert (workload.substrate.value.cls, workload.substrate.value.certain) == (cls, certain)


def test_a_runtime_class_of_the_scan_goes_before_its_name() -> None:
    reading = read(
        "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: safe}\nhandler: runsc\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {runtimeClassName: safe, containers: [{image: a}]}\n"
    )
    (workload,) = reading.workloads
    assert workload.substrate_class is SubstrateClass.SANDBOXED_CONTAINER
    assert workload.substrate.via[0].label == "RuntimeClass safe"


def test_a_namespace_declares_for_what_is_in_it() -> None:
    text = (
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: {vmlint.dev/isolation: Hypervisor}}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: %s}\nspec: {containers: [{image: a}]}\n"
    )
    declared = one(text % "n").declarations.isolation
    assert declared is not None
    assert value_or(declared, "") == "hypervisor"
    assert one(text % "other").declarations.isolation is None


@pytest.mark.parametrize(
    ("namespace", "labels", "cls"),
    [
        ("batch", {}, SubstrateClass.VM_CONTAINER),
        ("ba*", {"tier": "job"}, SubstrateClass.VM_CONTAINER),
        ("batch", {"tier": "web"}, SubstrateClass.CONTAINER),
        ("other", {}, SubstrateClass.CONTAINER),
    ],
)
def test_a_fargate_profile_selects_by_namespace_and_labels(
    namespace: str, labels: dict[str, str], cls: SubstrateClass
) -> None:
    workload = pod("{containers: [{image: a}]}", "name: p, namespace: batch, labels: {tier: job}")
    span = SourceText("main.tf", "profile").whole()
    selectors = {key: Known(value, span) for key, value in labels.items()}
    facts = {"namespace": Known(namespace, span)}
    profile = Host("aws_eks_fargate_profile.a", "a", "fargate-profile", span, selectors, facts=facts)
    (linked,) = kubernetes.link([workload], [profile])
    assert linked.substrate_class is cls


@pytest.mark.parametrize(
    ("spec", "family"),
    [
        ("nodeSelector: {kubernetes.io/os: windows}", "windows"),
        ("nodeSelector: {beta.kubernetes.io/os: windows}", "windows"),
        ("os: {name: windows}", "windows"),
        (
            "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
            "[{matchExpressions: [{key: kubernetes.io/os, operator: In, values: [windows]}]}]}}}",
            "windows",
        ),
        ("nodeSelector: {kubernetes.io/os: linux}", "linux"),
        ("hostPID: true", "linux"),
    ],
)
def test_operating_system(spec: str, family: str) -> None:
    system = pod(f"{{containers: [{{image: a}}], {spec}}}").os
    assert isinstance(system, Known)
    assert system.value.family == family


def test_an_operator_makes_the_database() -> None:
    workload = one(
        "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\n"
        "spec: {instances: 3, resources: {limits: {memory: 2Gi}}}\n"
    )
    assert (workload.kind_role, workload.durable) == ("database", True)
    assert (value_or(workload.instances, None), value_or(workload.memory_mib, None)) == (3, 2048)


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("", 1),
        (", dockerEnabled: true", 1),
        (", dockerEnabled: false", 0),
        (", containerMode: kubernetes", 0),
        (", dockerdWithinRunnerContainer: false", 1),
    ],
)
def test_a_runner_set_adds_a_privileged_engine(more: str, count: int) -> None:
    workload = one(
        "apiVersion: actions.summerwind.dev/v1alpha1\nkind: RunnerDeployment\nmetadata: {name: r}\n"
        f"spec: {{replicas: 2, template: {{spec: {{repository: a/b{more}}}}}}}\n"
    )
    assert (workload.kind_role, value_or(workload.instances, None)) == ("ci-runner", 2)
    added = [c for c in workload.containers if c.privileged is not None and value_or(c.privileged, None) is True]
    assert [(c.kind, value_or(c.image, "")) for c in added] == [("sidecar", "docker:dind")] * count


def test_a_runner_may_hold_its_engine_itself() -> None:
    workload = one(
        "apiVersion: actions.summerwind.dev/v1alpha1\nkind: Runner\nmetadata: {name: r}\n"
        "spec: {repository: a/b, image: runner-dind, dockerdWithinRunnerContainer: true}\n"
    )
    (runner,) = workload.containers
    assert (runner.kind, value_or(runner.image, "")) == ("main", "runner-dind")
    assert runner.privileged is not None
    assert value_or(runner.privileged, None) is True


# KubeVirt

MACHINE = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: vm}
spec:
  instancetype: {name: big}
  template:
    metadata: {labels: {size: small}}
    spec:
      domain: {%s}
      volumes: [{name: d, containerDisk: {image: quay.io/containerdisks/fedora:40}}]
"""


@pytest.mark.parametrize(
    ("domain", "beside", "vcpu", "memory"),
    [
        ("cpu: {cores: 2, sockets: 2, threads: 2}, memory: {guest: 4Gi}", "", 8, 4096),
        ("resources: {requests: {memory: 64M}}", "", None, pytest.approx(61.03, abs=0.01)),
        (
            "",
            "apiVersion: instancetype.kubevirt.io/v1beta1\nkind: VirtualMachineInstancetype\n"
            "metadata: {name: big}\nspec: {cpu: {guest: 6}, memory: {guest: 8Gi}}\n",
            6,
            8192,
        ),
        (
            "memory: {guest: 1Gi}",
            "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstancePreset\nmetadata: {name: p}\n"
            "spec: {selector: {matchLabels: {size: small}}, domain: {cpu: {cores: 3}, memory: {guest: 2Gi}}}\n",
            3,
            1024,
        ),
        (
            "",
            "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstancePreset\nmetadata: {name: p}\n"
            "spec: {selector: {matchLabels: {size: large}}, domain: {cpu: {cores: 3}}}\n",
            None,
            None,
        ),
    ],
)
def test_a_machine_with_its_presets_and_instance_type(
    domain: str, beside: str, vcpu: float | None, memory: float | None
) -> None:
    workload = one(MACHINE % domain + (f"---\n{beside}" if beside else ""))
    assert workload.substrate_class is SubstrateClass.VM
    assert (value_or(workload.vcpu, None), value_or(workload.memory_mib, None)) == (vcpu, memory)
    assert workload.machine is not None
    assert value_or(workload.machine.image, "") == "quay.io/containerdisks/fedora:40"


@pytest.mark.parametrize(
    "body", ["3", "[]", "{containers: 3}", "{containers: [3, {}, [x]]}", "{volumes: {a: b}}", "null"]
)
def test_nonsense_is_no_workload_and_no_exception(body: str) -> None:
    assert read(f"apiVersion: v1\nkind: Pod\nmetadata: []\nspec: {body}\n").workloads == ()
