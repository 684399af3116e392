"""Each family of kinds that make pods or machines: found, with its role, count and size."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from vmlint.catalog.tables import table
from vmlint.model.fact import Unknown, value_or
from vmlint.model.need import SubstrateClass
from vmlint.model.span import SourceText
from vmlint.model.workload import Host, Workload
from vmlint.sources import kubernetes
from vmlint.sources.reading import Reading
from vmlint.syntax import yaml


def read(text: str) -> Reading:
    parsed = yaml.parse(SourceText("a.yaml", text))
    assert parsed.problems == ()
    found = kubernetes.read_objects((document.root for document in parsed.documents), "a.yaml")
    return Reading(tuple(kubernetes.link(found.workloads, found.hosts)), found.hosts, found.problems)


def obj(version: str, kind: str, spec: str, name: str = "x") -> str:
    """A manifest with a spec in block or flow style."""
    body = textwrap.indent(textwrap.dedent(spec).strip(), "  ")
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{body}\n"


POD = "{containers: [{name: c, image: 'example/app:1', resources: {limits: {memory: 1Gi}}}]}"

# version, kind, spec, role by the kind, instances, memory in MiB
FAMILIES = [
    ("v1", "ReplicationController", f"{{replicas: 2, template: {{spec: {POD}}}}}", "", 2, 1024),
    ("v1", "DeploymentConfig", f"{{replicas: 2, template: {{spec: {POD}}}}}", "", 2, 1024),
    ("apps.openshift.io/v1", "DeploymentConfig", f"{{replicas: 2, template: {{spec: {POD}}}}}", "", 2, 1024),
    ("argoproj.io/v1alpha1", "Rollout", f"{{replicas: 2, template: {{spec: {POD}}}}}", "", 2, 1024),
    ("argoproj.io/v1alpha1", "Workflow", "{templates: [{container: {image: a}}]}", "worker", 1, None),
    ("argoproj.io/v1alpha1", "CronWorkflow", "{workflowSpec: {templates: [{container: {image: a}}]}}", "worker", 1,
     None),
    ("jobset.x-k8s.io/v1alpha2", "JobSet",
     f"{{replicatedJobs: [{{replicas: 2, template: {{spec: {{template: {{spec: {POD}}}}}}}}}]}}", "", 2, 1024),
    ("jobset.x-k8s.io/v1alpha2", "JobSet",
     f"{{replicatedJobs: [{{replicas: 2, template: {{spec: {{parallelism: 4, template: {{spec: {POD}}}}}}}}}, "
     f"{{template: {{spec: {{template: {{spec: {POD}}}}}}}}}]}}", "", 9, 1024),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet",
     f"{{replicas: 2, leaderWorkerTemplate: {{size: 4, workerTemplate: {{spec: {POD}}}}}}}", "", 8, 1024),
    ("serving.knative.dev/v1", "Service",
     f"{{template: {{metadata: {{annotations: {{autoscaling.knative.dev/min-scale: '3'}}}}, spec: {POD}}}}}", "", 3,
     1024),
    ("agents.x-k8s.io/v1alpha1", "Sandbox", f"{{podTemplate: {{spec: {POD}}}}}", "code-executor", 1, 1024),
    ("serving.knative.dev/v1", "Service", f"{{template: {{spec: {POD}}}}}", "", 1, 1024),
    ("tekton.dev/v1", "TaskRun", "{taskSpec: {steps: [{image: a, script: make}]}}", "ci-runner", 1, None),
    ("tekton.dev/v1", "PipelineRun", "{pipelineSpec: {tasks: [{taskSpec: {steps: [{image: a}]}}]}}", "ci-runner", 1,
     None),
    ("tekton.dev/v1", "Task", "{steps: [{image: a}]}", "ci-runner", 1, None),
    ("kubeflow.org/v1", "PyTorchJob",
     f"{{pytorchReplicaSpecs: {{Master: {{replicas: 1, template: {{spec: {POD}}}}}, "
     f"Worker: {{replicas: 3, template: {{spec: {POD}}}}}}}}}", "ml-training", 4, 1024),
    ("kubeflow.org/v1", "TFJob",
     f"{{tfReplicaSpecs: {{Chief: {{template: {{spec: {POD}}}}}, "
     f"Worker: {{replicas: 3, template: {{spec: {POD}}}}}}}}}", "ml-training", 4, 1024),
    ("kubeflow.org/v1", "Notebook", f"{{template: {{spec: {POD}}}}}", "code-executor", 1, 1024),
    ("ray.io/v1", "RayCluster",
     f"{{headGroupSpec: {{template: {{spec: {POD}}}}}, "
     f"workerGroupSpecs: [{{replicas: 3, template: {{spec: {POD}}}}}]}}", "ml-training", 4, 1024),
    ("sparkoperator.k8s.io/v1beta2", "SparkApplication", "{image: spark, executor: {instances: 2}}", "worker",
     2, None),
    ("batch.volcano.sh/v1alpha1", "Job", f"{{tasks: [{{replicas: 2, template: {{spec: {POD}}}}}]}}", "", 2, 1024),
    ("actions.github.com/v1alpha1", "AutoscalingRunnerSet", f"{{template: {{spec: {POD}}}}}", "ci-runner", 1, 1024),
    ("postgresql.cnpg.io/v1", "Cluster", "{instances: 3, resources: {limits: {memory: 1Gi}}}", "database", 3, 1024),
    ("acid.zalan.do/v1", "postgresql", "{numberOfInstances: 2, resources: {limits: {memory: 1Gi}}}", "database", 2,
     1024),
    ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster",
     "{instances: [{replicas: 2, resources: {limits: {memory: 1Gi}}}]}", "database", 2, 1024),
    ("pxc.percona.com/v1", "PerconaXtraDBCluster", "{pxc: {size: 3, image: percona/percona-xtradb-cluster}}",
     "database", 3, None),
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity", "{members: 3, type: ReplicaSet}", "database", 3, None),
    ("kafka.strimzi.io/v1beta2", "KafkaNodePool", "{replicas: 3, resources: {limits: {memory: 1Gi}}}",
     "message-broker", 3, 1024),
    ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", "{nodeSets: [{count: 3}, {count: 2}]}", "search-engine", 5,
     None),
    ("databases.spotahome.com/v1", "RedisFailover", "{sentinel: {replicas: 3}, redis: {replicas: 2}}", "cache", 5,
     None),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster", "{replicas: 3}", "message-broker", 3, None),
    ("minio.min.io/v2", "Tenant", "{pools: [{servers: 4, resources: {limits: {memory: 1Gi}}}]}", "object-store", 4,
     1024),
    ("k8ssandra.io/v1alpha1", "K8ssandraCluster", "{cassandra: {datacenters: [{size: 3}]}}", "database", 3, None),
    ("ceph.rook.io/v1", "CephObjectStore", "{gateway: {instances: 2}}", "object-store", 2, None),
    ("build.openshift.io/v1", "BuildConfig", "{strategy: {dockerStrategy: {from: {name: 'ubi:9'}}}}", "ci-runner",
     1, None),
    ("apps.kruise.io/v1alpha1", "CloneSet", f"{{replicas: 2, template: {{spec: {POD}}}}}", "", 2, 1024),
    ("operator.victoriametrics.com/v1beta1", "VMSingle", "{resources: {limits: {memory: 1Gi}}}", "monitoring", 1,
     1024),
    ("extensions.agents.x-k8s.io/v1alpha1", "SandboxTemplate", f"{{podTemplate: {{spec: {POD}}}}}",
     "code-executor", 1, 1024),
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime", POD, "ml-inference", 1, 1024),
]  # fmt: skip


@pytest.mark.parametrize(("version", "kind", "spec", "role", "count", "memory"), FAMILIES)
def test_a_family(version: str, kind: str, spec: str, role: str, count: int, memory: float | None) -> None:
    (workload,) = read(obj(version, kind, spec)).workloads
    assert workload.address == f"{kind}/x"
    assert (workload.kind_role, value_or(workload.instances, None)) == (role, count)
    assert value_or(workload.memory_mib, None) == memory
    assert workload.substrate_class is SubstrateClass.CONTAINER


def test_every_row_is_of_a_shape_that_is_read() -> None:
    for row in table("kubernetes_kinds")["kinds"]:
        told = any(
            key in row for key in ("pods", "containers", "spec", "image", "resources", "vm", "machine", "role")
        )
        assert told, row
        assert row.get("shape", "operator") in ("operator", "kubevirt", "pool", "machine"), row


def test_a_cluster_of_brokers_is_its_node_pools() -> None:
    cluster = "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k%s}\nspec: {kafka: {%s}}\n"
    assert read(cluster % ("", "version: 3.9.0")).workloads == ()
    pools = ", annotations: {strimzi.io/node-pools: enabled}"
    assert read(cluster % (pools, "replicas: 3")).workloads == ()
    (old,) = read(cluster % ("", "replicas: 3")).workloads
    assert value_or(old.instances, None) == 3


# Objects that run what another one describes


def test_a_rollout_runs_its_deployment() -> None:
    reading = read(
        obj("apps/v1", "Deployment", f"{{replicas: 0, template: {{spec: {POD}}}}}", "web")
        + "---\n"
        + obj("argoproj.io/v1alpha1", "Rollout", "{replicas: 4, workloadRef: {kind: Deployment, name: web}}", "web")
    )
    rollout = next(w for w in reading.workloads if w.kind == "Rollout")
    assert (value_or(rollout.instances, None), value_or(rollout.memory_mib, None)) == (4, 1024)
    assert [value_or(image, "") for image in rollout.images] == ["example/app:1"]
    assert len(reading.workloads) == 2


def test_a_rollout_of_a_deployment_elsewhere_is_unknown() -> None:
    (rollout,) = read(
        obj("argoproj.io/v1alpha1", "Rollout", "{workloadRef: {kind: Deployment, name: web}}")
    ).workloads
    assert [gap.expression for gap in rollout.gaps] == ["Deployment/web"]


TASK = """
    stepTemplate: {env: [{name: A, value: '1'}], securityContext: {privileged: true}}
    steps: [{name: build, image: builder, env: [{name: B, value: '2'}]}]
"""


def test_a_definition_counts_through_what_runs_it() -> None:
    task = obj("tekton.dev/v1", "Task", TASK, "build")
    pipeline = obj("tekton.dev/v1", "Pipeline", "{tasks: [{name: b, taskRef: {name: build}}]}", "all")
    run = obj("tekton.dev/v1", "PipelineRun", "{pipelineRef: {name: all}}", "run")
    assert [w.address for w in read(task).workloads] == ["Task/build"]
    (workload,) = read("---\n".join((task, pipeline, run))).workloads
    assert workload.address == "PipelineRun/run"
    (step,) = workload.containers
    assert step.privileged is not None
    assert value_or(step.privileged, None) is True
    assert sorted(step.environment) == ["A", "B"]


def test_the_pods_of_a_run_are_placed_by_its_template() -> None:
    (run,) = read(
        obj("tekton.dev/v1", "TaskRun", "{podTemplate: {runtimeClassName: kata}, taskSpec: {steps: [{image: a}]}}")
    ).workloads
    assert run.substrate_class is SubstrateClass.VM_CONTAINER


def test_a_reference_in_a_circle_ends() -> None:
    text = "---\n".join(
        obj("argoproj.io/v1alpha1", "Rollout", f"{{workloadRef: {{kind: Rollout, name: {other}}}}}", name)
        for name, other in (("a", "b"), ("b", "a"))
    )
    assert len(read(text).workloads) == 2


# Templates with parameters


def test_an_openshift_template_without_a_value_is_unknown() -> None:
    text = (
        "apiVersion: template.openshift.io/v1\nkind: Template\nparameters: [{name: TAG, value: '13'}, {name: N}, "
        "{name: COUNT, value: '3'}]\n"
        "objects:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: db}\n"
        "  spec: {replicas: '${{COUNT}}', template: {spec: {containers: "
        "[{image: 'postgres:${TAG}'}, {image: 'x/${N}'}]}}}\n"
    )
    (workload,) = read(text).workloads
    one, other = (container.image for container in workload.containers)
    assert (value_or(one, ""), value_or(workload.instances, None)) == ("postgres:13", 3)
    assert isinstance(other, Unknown)
    assert (other.expression, other.prefix) == ("${N}", "x/")


def test_a_template_of_a_virtual_machine() -> None:
    (machine,) = read(
        obj(
            "template.kubevirt.io/v1alpha1",
            "VirtualMachineTemplate",
            """
            parameters: [{name: SIZE, value: 2Gi}]
            virtualMachine: {spec: {template: {spec: {domain: {memory: {guest: '${SIZE}'}}}}}}
            """,
        )
    ).workloads
    assert (machine.substrate_class, value_or(machine.memory_mib, None)) == (SubstrateClass.VM, 2048)


# Machines


def machines(text: str) -> tuple[tuple[Workload, ...], dict[str, Host]]:
    reading = read(textwrap.dedent(text))
    return reading.workloads, {host.name: host for host in reading.hosts}


def test_node_groups_of_an_eks_cluster() -> None:
    workloads, hosts = machines(
        """
        apiVersion: eksctl.io/v1alpha5
        kind: ClusterConfig
        metadata: {name: prod, region: eu-west-1}
        nodeGroups:
          - {name: metal, instanceType: m5.metal, desiredCapacity: 2, labels: {kata: 'true'}}
          - {name: win, amiFamily: WindowsServer2022FullContainer, taints: [{key: os, value: windows}]}
        managedNodeGroups: [{name: apps, instanceType: m5.xlarge, minSize: 3}]
        fargateProfiles: [{name: fp, selectors: [{namespace: batch, labels: {run: serverless}}]}]
        """
    )
    assert [(w.address, w.kind_role, value_or(w.instances, None), value_or(w.vcpu, None)) for w in workloads] == [
        ("ClusterConfig/prod/metal", "container-host", 2, 96),
        ("ClusterConfig/prod/win", "container-host", 2, 2),
        ("ClusterConfig/prod/apps", "container-host", 3, 4),
    ]
    assert [w.substrate_class for w in workloads] == [
        SubstrateClass.BARE_METAL,
        SubstrateClass.VM,
        SubstrateClass.VM,
    ]
    assert {name: host.kind for name, host in hosts.items()} == {
        "metal": "node-pool", "win": "node-pool", "apps": "node-pool", "fp": "fargate-profile",
    }  # fmt: skip
    assert value_or(hosts["metal"].labels["kata"], "") == "true"
    assert value_or(hosts["win"].facts["os"], "") == "windows"
    assert [value_or(taint, "") for taint in hosts["win"].taints] == ["os"]


PROFILE = (
    "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: %s}\n"
    "fargateProfiles: [{name: fp, selectors: [{namespace: batch}]}]\n"
)
BATCH = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: batch}}\nspec: {POD}\n"


def test_a_profile_of_the_scans_one_cluster_takes_its_pods() -> None:
    (pod,) = read(PROFILE % "a" + "---\n" + BATCH).workloads
    assert pod.substrate_class is SubstrateClass.VM_CONTAINER
    (pod,) = read(PROFILE % "a" + "---\n" + PROFILE % "b" + "---\n" + BATCH).workloads
    assert pod.substrate_class is SubstrateClass.CONTAINER


def test_machines_of_the_cluster_api() -> None:
    template = obj(
        "infrastructure.cluster.x-k8s.io/v1beta2", "AWSMachineTemplate",
        "{template: {spec: {instanceType: c5.2xlarge}}}", "workers",
    )  # fmt: skip
    deployment = obj(
        "cluster.x-k8s.io/v1beta1", "MachineDeployment",
        "{replicas: 5, template: {spec: {infrastructureRef: {kind: AWSMachineTemplate, name: workers}}}}",
    )  # fmt: skip
    workloads, hosts = machines(template + "---\n" + deployment)
    assert [(w.address, value_or(w.instances, None), value_or(w.vcpu, None)) for w in workloads] == [
        ("AWSMachineTemplate/workers", 5, 8)
    ]
    assert list(hosts) == ["workers"]
    (bare,), _ = machines(obj("infrastructure.cluster.x-k8s.io/v1beta1", "Metal3MachineTemplate", "{template: {}}"))
    assert bare.substrate_class is SubstrateClass.BARE_METAL
    (vsphere,), _ = machines(
        obj("infrastructure.cluster.x-k8s.io/v1beta1", "VSphereMachineTemplate",
            "{template: {spec: {numCPUs: 4, memoryMiB: 8192, template: ubuntu-2204-kube}}}")
    )  # fmt: skip
    assert (value_or(vsphere.vcpu, None), value_or(vsphere.memory_mib, None)) == (4, 8192)


def test_a_node_pool_of_karpenter_is_a_host() -> None:
    workloads, hosts = machines(
        obj(
            "karpenter.sh/v1",
            "NodePool",
            """
            template:
              metadata: {labels: {team: a}}
              spec:
                taints: [{key: gpu, effect: NoSchedule}]
                requirements:
                  - {key: kubernetes.io/arch, operator: In, values: [arm64]}
                  - {key: kubernetes.io/os, operator: In, values: [windows]}
                  - {key: karpenter.sh/capacity-type, operator: In, values: [spot, on-demand]}
            """,
        )
    )
    assert workloads == ()
    host = hosts["x"]
    assert {key: value_or(fact, "") for key, fact in host.facts.items()} == {
        "os": "windows",
        "architecture": "arm64",
    }
    assert set(host.labels) == {"team", "kubernetes.io/arch", "kubernetes.io/os"}
    assert len(host.taints) == 1


@pytest.mark.parametrize(
    ("stated", "family"),
    [("amiFamily: Windows2022", "windows"), ("amiSelectorTerms: [{alias: windows2022@latest}]", "windows"),
     ("amiSelectorTerms: [{alias: bottlerocket@latest}]", "linux")],
)  # fmt: skip
def test_the_class_of_karpenters_nodes_tells_their_system(stated: str, family: str) -> None:
    pool = obj("karpenter.sh/v1", "NodePool", "{template: {spec: {nodeClassRef: {name: c}}}}")
    _, hosts = machines(pool + "---\n" + obj("karpenter.k8s.aws/v1", "EC2NodeClass", f"{{{stated}}}", "c"))
    assert value_or(hosts["x"].facts["os"], "") == family


def test_a_step_action_counts_through_its_task() -> None:
    action = obj("tekton.dev/v1beta1", "StepAction", "{image: git, script: clone}", "clone")
    assert [w.address for w in read(action).workloads] == ["StepAction/clone"]
    task = obj("tekton.dev/v1", "Task", "{steps: [{name: a, ref: {name: clone}}]}", "build")
    (workload,) = read(action + "---\n" + task).workloads
    assert [value_or(image, "") for image in workload.images] == ["", "git"]


def test_a_cloud_instance_in_a_manifest() -> None:
    (machine,), _ = machines(
        obj("ec2.aws.upbound.io/v1beta1", "Instance",
            "{forProvider: {instanceType: t3.small, userData: \"#!/bin/sh\\ndocker run nginx\\n\"}}")
    )  # fmt: skip
    assert (machine.substrate_class, value_or(machine.memory_mib, None)) == (SubstrateClass.VM, 2048)
    assert machine.machine is not None
    assert [started.kind for started in machine.machine.runs] == ["container"]


def test_parts_of_a_workflows_templates() -> None:
    (workflow,) = read(
        obj(
            "argoproj.io/v1alpha1",
            "Workflow",
            """
            templates:
            - container: {name: main, image: docker, volumeMounts: [{name: s, mountPath: /run/docker.sock}]}
              volumes: [{name: s, hostPath: {path: /var/run/docker.sock}}]
              sidecars: [{name: dind, image: 'docker:dind'}]
              initContainers: [{name: fetch, image: git}]
            """,
        )
    ).workloads
    assert [(c.name, c.kind) for c in workflow.containers] == [
        ("main", "main"), ("dind", "sidecar"), ("fetch", "init"),
    ]  # fmt: skip
    assert [mount.kind for mount in workflow.containers[0].mounts] == ["host"]


def test_a_claim_runs_what_its_pool_keeps_ready() -> None:
    group = "extensions.agents.x-k8s.io/v1beta1"
    text = "---\n".join(
        (
            obj(group, "SandboxTemplate", f"{{podTemplate: {{spec: {POD}}}}}", "t"),
            obj(group, "SandboxWarmPool", "{replicas: 10, sandboxTemplateRef: {name: t}}", "pool"),
            obj(group, "SandboxClaim", "{warmPoolRef: {name: pool}}", "claim"),
        )
    )
    found = {w.address: w for w in read(text).workloads}
    assert list(found) == ["SandboxWarmPool/pool", "SandboxClaim/claim"]
    assert [value_or(w.memory_mib, None) for w in found.values()] == [1024, 1024]


def test_an_operator_gives_its_image_to_the_container_that_the_object_sizes() -> None:
    (cluster,) = read(
        obj(
            "elasticsearch.k8s.elastic.co/v1",
            "Elasticsearch",
            "{image: own/es, nodeSets: [{count: 1, podTemplate: {spec: {containers: "
            "[{name: elasticsearch, resources: {limits: {memory: 4Gi}}}]}}}]}",
        )
    ).workloads
    assert [value_or(image, "") for image in cluster.images] == ["own/es"]
    assert value_or(cluster.memory_mib, None) == 4096


# No shape of an object is too odd to be read

ODD = (None, "${X}", 7, [], [1, None], {"a": [{}]})


def odd_versions(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by something that nobody expects there."""
    yield from ODD
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: odd} for odd in odd_versions(inner))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from ([*value[:number], odd, *value[number + 1 :]] for odd in odd_versions(inner))


MORE = (
    {"apiVersion": "eksctl.io/v1alpha5", "kind": "ClusterConfig",
     "nodeGroups": [{"name": "a", "taints": {"k": "v"}}],
     "fargateProfiles": [{"name": "f", "selectors": [{"namespace": "n", "labels": {"a": "b"}}]}]},
    {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "kata",
     "scheduling": {"nodeSelector": {"a": "b"}}, "overhead": {"podFixed": {"memory": "1Mi"}}},
    {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"ownerReferences": [{"kind": "A", "name": "b",
     "controller": True}], "labels": {"pod-template-hash": "1"}}, "spec": {"containers": [{"image": "a"}]}}]},
    {"apiVersion": "template.openshift.io/v1", "kind": "Template", "parameters": [{"name": "A", "value": "1"}],
     "objects": [{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a:${A}"}]}}]},
    {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "spec": {"template": {"metadata": {"labels": {"a": "b"}},
     "spec": {"requirements": [{"key": "a", "operator": "In", "values": ["b"]}]}}}},
    {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "spec": {"instancetype": {"name": "u1.small"},
     "preference": {"name": "p"},
     "dataVolumeTemplates": [{"spec": {"source": {"http": {"url": "x"}}}}], "template": {
     "spec": {"domain": {"cpu": {"cores": 2}, "memory": {"guest": "1Gi"}}, "volumes": [{"name": "c",
     "cloudInitNoCloud": {"userData": "#cloud-config\npackages: [nginx]\n"}}]}}}},
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(FAMILIES) + len(MORE)))
def test_no_shape_of_an_object_raises(number: int) -> None:
    if number < len(FAMILIES):
        version, kind, spec, *_ = FAMILIES[number]
        (whole,) = YAML(typ="safe").load_all(obj(version, kind, spec))
    else:
        whole = MORE[number - len(FAMILIES)]
    for odd in odd_versions(whole):
        parsed = yaml.parse(SourceText("a.json", json.dumps(odd)))
        found = kubernetes.read_objects((document.root for document in parsed.documents), "a.json")
        list(kubernetes.link(found.workloads, found.hosts))
