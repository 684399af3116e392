"""What says where a pod runs: selectors in all spellings, runtime classes, namespaces, products; and what the
kubelet makes of what is written."""

from __future__ import annotations

import pytest

from tests.test_kubernetes import container, one, pod, read
from vmlint.model.fact import Known, Unknown, value_or
from vmlint.model.need import SubstrateClass
from vmlint.model.workload import OperatingSystem


def affinity(*terms: str) -> str:
    inner = ", ".join(f"{{matchExpressions: [{term}]}}" for term in terms)
    required = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{inner}]}}"
    return f"affinity: {{nodeAffinity: {{{required}}}}}"


OS_IN = "{key: kubernetes.io/os, operator: In, values: [%s]}"


@pytest.mark.parametrize(
    ("spec", "family", "release"),
    [
        ("nodeSelector: {node.kubernetes.io/windows-build: 10.0.20348}", "windows", "2022"),
        ("nodeSelector: {kubernetes.azure.com/os-sku: Windows2022}", "windows", ""),
        ("nodeSelector: {kubernetes.azure.com/os-sku: AzureLinux}", "linux", ""),
        ("nodeSelector: {cloud.google.com/gke-os-distribution: windows_ltsc}", "windows", ""),
        (affinity(OS_IN % "windows"), "windows", ""),
        (affinity(OS_IN % "windows", OS_IN % "windows"), "windows", ""),
        (affinity(OS_IN % "windows", OS_IN % "linux"), "linux", ""),
        (affinity("{key: kubernetes.io/os, operator: NotIn, values: [linux]}"), "windows", ""),
        (affinity("{key: kubernetes.io/os, operator: Exists}"), "linux", ""),
        ("securityContext: {windowsOptions: {hostProcess: true}}", "windows", ""),
    ],
)
def test_the_system_in_all_spellings(spec: str, family: str, release: str) -> None:
    system = pod(f"{{containers: [{{image: example/a}}], {spec}}}").os
    assert isinstance(system, Known)
    assert (system.value.family, system.value.release) == (family, release)


@pytest.mark.parametrize(
    ("spec", "architecture"),
    [
        ("nodeSelector: {kubernetes.io/arch: arm64}", "arm64"),
        ("nodeSelector: {beta.kubernetes.io/arch: amd64}", "amd64"),
        (affinity("{key: kubernetes.io/arch, operator: In, values: [arm64]}"), "arm64"),
        (affinity("{key: kubernetes.io/arch, operator: In, values: [arm64, amd64]}"), None),
    ],
)
def test_the_architecture_in_all_spellings(spec: str, architecture: str | None) -> None:
    stated = pod(f"{{containers: [{{image: a}}], {spec}}}").placement.architecture
    assert (None if stated is None else value_or(stated, "")) == architecture


CLASS = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: c}\n%s\n---\n"
OF_CLASS = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {runtimeClassName: c, containers: [{image: a}]}\n"


def test_a_runtime_class_places_its_pods() -> None:
    selector = "{kubernetes.io/os: windows, node.kubernetes.io/windows-build: 10.0.20348}"
    reading = read(
        CLASS
        % f"handler: docker\nscheduling: {{nodeSelector: {selector}}}\noverhead: {{podFixed: {{memory: 120Mi}}}}"
        + OF_CLASS
    )
    (workload,) = reading.workloads
    assert isinstance(workload.os, Known)
    assert workload.os.value == OperatingSystem("windows", release="2022")
    assert isinstance(workload.substrate, Known)
    assert workload.substrate.value.kind == "windows-process"
    (host,) = reading.hosts
    assert value_or(host.facts["overhead memory"], "") == "120Mi"


def test_a_pods_own_selector_goes_before_its_class() -> None:
    text = CLASS % "handler: runsc\nscheduling: {nodeSelector: {kubernetes.io/arch: arm64}}" + OF_CLASS.replace(
        "spec: {", "spec: {nodeSelector: {kubernetes.io/arch: amd64}, "
    )
    architecture = one(text).placement.architecture
    assert architecture is not None
    assert value_or(architecture, "") == "amd64"


def test_the_pod_security_level_of_a_namespace() -> None:
    (host,) = read(
        "apiVersion: v1\nkind: Namespace\n"
        "metadata: {name: n, labels: {pod-security.kubernetes.io/enforce: restricted}}\n"
    ).hosts
    assert value_or(host.facts["pod_security"], "") == "restricted"


@pytest.mark.parametrize(
    ("metadata", "cls"),
    [
        ("annotations: {io.kubernetes.cri.untrusted-workload: 'true'}", SubstrateClass.VM_CONTAINER),
        ("annotations: {kubernetes.io/target-runtime: virtlet.cloud}", SubstrateClass.VM),
        ("annotations: {run.oci.handler: krun}", SubstrateClass.VM_CONTAINER),
        ("labels: {alibabacloud.com/eci: 'true'}", SubstrateClass.VM_CONTAINER),
        ("labels: {eks.amazonaws.com/fargate-profile: fp}", SubstrateClass.VM_CONTAINER),
    ],
)
def test_products_by_labels_and_annotations(metadata: str, cls: SubstrateClass) -> None:
    assert pod("{containers: [{image: a}]}", f"name: p, {metadata}").substrate_class is cls


# What the kubelet makes of what is written


def test_variables_are_put_in_as_the_kubelet_does() -> None:
    found = container(
        "command: [run, --data=$(DATA), $(NOBODY), $$(DATA), $(SECRET)], env: ["
        "{name: ROOT, value: /pg}, {name: DATA, value: $(ROOT)/data}, "
        "{name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: MIXED, value: x-$(SECRET)}]"
    )
    assert found.command == ("run", "--data=/pg/data", "$(NOBODY)", "$(DATA)", "$(SECRET)")
    mixed = found.environment["MIXED"]
    assert isinstance(mixed, Unknown)
    assert mixed.prefix == "x-"


@pytest.mark.parametrize("path", [r"\\\\.\\pipe\\docker_engine", "//./pipe/docker_engine"])
def test_a_named_pipe_is_no_folder(path: str) -> None:
    found = container(
        f'volumeMounts: [{{name: v, mountPath: "{path}"}}]', f'volumes: [{{name: v, hostPath: {{path: "{path}"}}}}]'
    )
    assert [mount.kind for mount in found.mounts] == ["pipe"]


def test_the_size_of_a_pod_as_a_whole() -> None:
    workload = pod("{resources: {limits: {cpu: 2, memory: 1Gi}}, containers: [{image: a}]}")
    assert (value_or(workload.vcpu, None), value_or(workload.memory_mib, None)) == (2, 1024)


@pytest.mark.parametrize(
    ("containers", "mib"),
    [
        ("{name: a, image: x, SIZE 1}, {name: p, image: y, SIZE 2}", 2),
        ("{name: reload, image: jimmidyson/configmap-reload, SIZE 1}, {name: server, image: prom/p, SIZE 2}", 2),
        ("{name: a, image: 'istio/proxyv2:1', SIZE 1}, {name: b, image: x, SIZE 2}", 2),
        ("{name: a, image: x, SIZE 1}, {name: b, image: y, SIZE 2}", 1),
    ],
)
def test_the_size_is_that_of_the_container_that_the_pod_is_for(containers: str, mib: int) -> None:
    sized = "resources: {limits: {memory: %sMi}}"
    text = containers.replace("SIZE 1", sized % 1).replace("SIZE 2", sized % 2)
    assert value_or(pod(f"{{containers: [{text}]}}").memory_mib, None) == mib


# Virtual machines


def vm(spec: str, beside: str = "") -> str:
    return (
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: vm}\n"
        f"spec: {{{spec}, template: {{spec: {{domain: {{devices: {{}}}}}}}}}}\n{beside}"
    )


def test_an_instance_type_of_the_scan_and_a_common_one() -> None:
    own = (
        "---\napiVersion: instancetype.kubevirt.io/v1beta1\nkind: VirtualMachineInstancetype\n"
        "metadata: {name: u1.medium}\n"
        "spec: {cpu: {guest: 3}, memory: {guest: 6Gi}}\n"
    )
    stated = "instancetype: {name: u1.medium}"
    for text, size in ((vm(stated), (1, 4096)), (vm(stated, own), (3, 6144))):
        machine = one(text)
        assert (value_or(machine.vcpu, None), value_or(machine.memory_mib, None)) == size


@pytest.mark.parametrize(
    ("body", "family"),
    [
        ("metadata: {name: p, labels: {instancetype.kubevirt.io/os-type: windows}}", "windows"),
        ("metadata: {name: p}\nspec: {annotations: {vm.kubevirt.io/os: windows2k22}}", "windows"),
        ("metadata: {name: p}\nspec: {features: {preferredHyperv: {relaxed: {}}}}", "windows"),
        ("metadata: {name: p}\nspec: {annotations: {vm.kubevirt.io/os: fedora}}", "linux"),
    ],
)
def test_a_preference_tells_the_system(body: str, family: str) -> None:
    preference = f"---\napiVersion: instancetype.kubevirt.io/v1beta1\nkind: VirtualMachinePreference\n{body}\n"
    system = one(vm("preference: {name: p}", preference)).os
    assert isinstance(system, Known)
    assert system.value.family == family


@pytest.mark.parametrize(
    "placeholder", ["${CLASS}", "$(params.class)", "{{inputs.parameters.class}}", "x-${CLASS}"]
)
def test_what_another_program_fills_in_is_unknown(placeholder: str) -> None:
    workload = pod(
        f"{{containers: [{{image: a}}], runtimeClassName: '{placeholder}', "
        f"nodeSelector: {{kubernetes.io/os: '{placeholder}'}}}}"
    )
    assert isinstance(workload.placement.runtime_class, Unknown)
    assert isinstance(workload.substrate, Unknown)
    assert isinstance(workload.os, Unknown)


def test_hardware_that_is_passed_through() -> None:
    machine = one(
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata: {name: vm}\nspec: {domain: {devices: "
        "{gpus: [{name: g, deviceName: nvidia.com/TU104}], hostDevices: [{name: n, deviceName: intel.com/qat}]}}}\n"
    ).machine
    assert machine is not None
    assert [value_or(device.source, "") for device in machine.devices] == ["nvidia.com/TU104", "intel.com/qat"]


@pytest.mark.parametrize(
    ("data", "known"),
    [
        ('stringData: {userdata: "#!/bin/sh\\ndocker run nginx\\n"}', True),
        ("data: {userdata: IyEvYmluL3NoCmRvY2tlciBydW4gbmdpbngK}", False),
    ],
)
def test_user_data_in_a_secret_beside_the_machine(data: str, known: bool) -> None:
    machine = one(
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata: {name: vm}\n"
        "spec: {domain: {devices: {}}, volumes: [{name: c, cloudInitNoCloud: {secretRef: {name: init}}}]}\n---\n"
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: init}}\n{data}\n"
    ).machine
    assert machine is not None
    assert ([started.name for started in machine.runs] == ["nginx"]) is known
    assert machine.understood is known


@pytest.mark.parametrize(
    ("annotations", "confinement"),
    [
        ("seccomp.security.alpha.kubernetes.io/pod: unconfined", ["seccomp=unconfined"]),
        (
            "seccomp.security.alpha.kubernetes.io/pod: unconfined, "
            "container.seccomp.security.alpha.kubernetes.io/c: runtime/default",
            ["seccomp=runtime/default"],
        ),
        ("container.apparmor.security.beta.kubernetes.io/c: unconfined", ["apparmor=unconfined"]),
        ("container.apparmor.security.beta.kubernetes.io/other: unconfined", []),
    ],
)
def test_confinement_by_the_older_annotations(annotations: str, confinement: list[str]) -> None:
    workload = pod("{containers: [{name: c, image: a}]}", f"name: p, annotations: {{{annotations}}}")
    assert [value_or(fact, "") for fact in workload.containers[0].confinement] == confinement
