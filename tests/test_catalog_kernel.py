"""What reaches the kernel or the host: capabilities, mounts, devices, kernel settings, commands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.catalog import kernel
from vmlint.catalog.tables import table

TABLES = table("kernel")


@pytest.mark.parametrize(
    ("path", "cls"),
    [
        ("/var/run/docker.sock", "socket"),
        ("/run/docker.sock", "socket"),
        ("/var/run/../run/docker.sock", "socket"),
        ("/var/run/", "socket"),
        ("/run/containerd/containerd.sock", "socket"),
        ("/run/k3s/containerd/containerd.sock", "socket"),
        ("/run/containerd", "socket"),
        (r"\\.\pipe\docker_engine", "socket"),
        ("//./pipe/docker_engine", "socket"),
        ("npipe:////./pipe/docker_engine", "socket"),
        (r"\\.\pipe\containerd-containerd", "socket"),
        ("/", "system"),
        ("/proc", "system"),
        ("/proc/sys", "system"),
        ("/sys/kernel/debug/", "system"),
        ("/dev", "system"),
        ("/etc", "system"),
        ("/etc/nginx", "system"),
        ("/etc/passwd", "system"),
        ("/root/.config", "system"),
        ("/var/lib/docker/volumes", "system"),
        ("/var/lib/kubelet/pods", "system"),
        ("C:\\", "system"),
        ("c:/windows/system32", "system"),
        ("/etc/kubernetes/pki/ca.crt", "credential"),
        ("/etc/kubernetes/admin.conf", "credential"),
        ("/etc/shadow", "credential"),
        ("/root/.ssh/id_rsa", "credential"),
        ("/sys/fs/cgroup", "cgroup"),
        ("/sys/fs/cgroup/memory", "cgroup"),
        ("/lib/modules", "modules"),
        ("/lib/modules/5.15", "modules"),
        ("/etc/localtime", "harmless"),
        ("/etc/timezone", "harmless"),
        ("/etc/ssl/certs", "harmless"),
    ],
)
def test_mounts(path: str, cls: str) -> None:
    found = kernel.mount_fact(path)
    assert found is not None
    assert found.cls == cls
    assert found.means


@pytest.mark.parametrize(
    "path",
    [
        "/srv/data",
        "/var/lib/postgresql",
        "./data",
        "data",
        "/var/run/app",
        "/run/user/1000",
        "/dev/ttyUSB0",
        "/etcetera",
        "/home/me",
        "",
        "C:/data",
    ],
)
def test_paths_that_are_nobody_s_business(path: str) -> None:
    assert kernel.mount_fact(path) is None


def test_under_a_hypervisor_some_folders_are_the_guest_s() -> None:
    guests = {path for path in ("/proc", "/sys", "/dev", "/etc", "/") if (f := kernel.mount_fact(path)) and f.guest}
    assert guests == {"/proc", "/sys", "/dev"}


@given(st.lists(st.sampled_from(["var", "run", "..", ".", "docker.sock", "", "etc"]), max_size=6))
def test_a_path_is_normalised_once_and_for_all(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    once = kernel.normal_path(path)
    assert kernel.normal_path(once) == once
    assert kernel.mount_fact(path) == kernel.mount_fact(once)


@given(st.text(max_size=40))
def test_any_text_is_looked_up_without_an_error(text: str) -> None:
    kernel.mount_fact(text)
    kernel.device_class(text)
    kernel.capability_reach(text)
    kernel.sysctl_is_namespaced(text)
    kernel.sysctls_set(text)


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("SYS_ADMIN", "host"),
        ("CAP_SYS_ADMIN", "host"),
        ("cap_sys_admin", "host"),
        ("ALL", "host"),
        ("SYS_RAWIO", "host"),
        ("SYS_BOOT", "host"),
        ("BPF", "host"),
        ("PERFMON", "host"),
        ("DAC_READ_SEARCH", "host"),
        ("MAC_ADMIN", "host"),
        ("SYS_PTRACE", "with-host-pid"),
        ("SYS_MODULE", "module"),
        ("NET_ADMIN", "network"),
        ("NET_BIND_SERVICE", ""),
        ("CHOWN", ""),
        ("source", ""),
    ],
)
def test_capabilities(name: str, reach: str) -> None:
    assert kernel.capability_reach(name) == reach
    assert bool(kernel.capability_meaning(name)) == bool(reach)


@pytest.mark.parametrize(
    ("path", "cls"),
    [
        ("/dev/kvm", "kvm"),
        ("/dev/vhost-net", "kvm"),
        ("/dev/sda", "raw"),
        ("/dev/sda1", "raw"),
        ("/dev/nvme0n1", "raw"),
        ("/dev/mmcblk0", "raw"),
        ("/dev/dm-0", "raw"),
        ("/dev/disk/by-id/x", "raw"),
        ("/dev/mem", "raw"),
        ("/dev/vfio/1", "raw"),
        ("/dev/bus/usb", "raw"),
        ("/dev/bus/usb/001/002", "raw"),
        ("/dev//sda", "raw"),
        ("/dev/dri", ""),
        ("/dev/nvidia0", ""),
        ("/dev/nvidiactl", ""),
        ("/dev/fuse", ""),
        ("/dev/net/tun", ""),
        ("/dev/snd", ""),
        ("/dev/kmsg", ""),
        ("/dev/ttyUSB0", ""),
        ("/dev/sgx_enclave", ""),
        ("/dev/memory", ""),
    ],
)
def test_devices(path: str, cls: str) -> None:
    found, means = kernel.device_class(path)
    assert found == cls
    assert bool(means) == bool(cls)


@pytest.mark.parametrize(
    ("name", "namespaced", "on_host_network"),
    [
        ("net.core.somaxconn", True, False),
        ("net/ipv4/ip_forward", True, False),
        ("kernel.shmmax", True, True),
        ("kernel.msgmnb", True, True),
        ("kernel.sem", True, True),
        ("fs.mqueue.msg_max", True, True),
        ("vm.max_map_count", False, False),
        ("vm.overcommit_memory", False, False),
        ("fs.file-max", False, False),
        ("kernel.pid_max", False, False),
        ("net.netfilter.nf_conntrack_max", False, False),
    ],
)
def test_which_kernel_settings_are_namespaced(name: str, namespaced: bool, on_host_network: bool) -> None:
    assert kernel.sysctl_is_namespaced(name) is namespaced
    assert kernel.sysctl_is_namespaced(name, host_network=True) is on_host_network


def test_safe_settings_are_namespaced() -> None:
    for name in TABLES["sysctls"]["safe"]:
        assert kernel.sysctl_is_safe(name)
        assert kernel.sysctl_is_namespaced(name)
    assert not kernel.sysctl_is_safe("net.core.somaxconn")


@pytest.mark.parametrize(
    ("kind", "command", "does"),
    [
        ("modules", "modprobe wireguard", True),
        ("modules", "sh -c 'insmod /lib/x.ko && exec app'", True),
        ("modules", "modprobe -r wireguard", False),
        ("modules", "echo modprobe", False),
        ("init", "/sbin/init", True),
        ("init", "/lib/systemd/systemd --system", True),
        ("init", "/app/init-db.sh", False),
        ("login", "/usr/sbin/sshd -D", True),
        ("login", "/etc/ssh/sshd_config", False),
        ("engine", "dockerd --host=unix:///var/run/docker.sock", True),
        ("engine", "k3s server", True),
        ("engine", "k3s-health", False),
        ("hypervisor", "qemu-system-x86_64 -m 2048", True),
        ("hypervisor", "qemu-img info x", False),
        ("kernel_server", "rpc.nfsd 8", True),
        ("supervisor", "/usr/bin/supervisord -n", True),
        ("supervisor", "goreman start", True),
        ("supervisor", "goreman help", False),
        ("host_entry", "nsenter -t 1 -m -u -i -n sh", True),
    ],
)
def test_commands(kind: str, command: str, does: bool) -> None:
    assert kernel.does(kind, command) is does


@pytest.mark.parametrize(
    ("name", "port", "login"), [("sshd", 22, True), ("VNC", 5900, True), ("sshd", 80, False), ("web", 22, False)]
)
def test_logins_by_name_and_port(name: str, port: int, login: bool) -> None:
    assert kernel.is_login(name, port) is login


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("sysctl -w vm.max_map_count=262144", [("vm.max_map_count", "262144")]),
        ("sh -c 'sysctl -q -w net.core.somaxconn=1024'", [("net.core.somaxconn", "1024")]),
        ("echo never > /proc/sys/vm/overcommit_memory", [("vm.overcommit_memory", "")]),
        ("sysctl -a", []),
        ("run --setting a.b=c", []),
    ],
)
def test_kernel_settings_that_a_command_writes(command: str, settings: list[tuple[str, str]]) -> None:
    assert kernel.sysctls_set(command) == settings


def test_every_table_has_a_source_and_no_row_stands_twice() -> None:
    for name in ("capabilities", "mounts", "devices", "sysctls", "commands"):
        assert TABLES[name]["source"], name
    paths = [row.get("path", row.get("ends")).lower() for row in TABLES["mounts"]["rows"]]
    assert len(paths) == len(set(paths))
    patterns = [row["pattern"] for row in TABLES["devices"]["rows"]]
    assert len(patterns) == len(set(patterns))


def test_each_mount_row_is_reached_by_its_own_path() -> None:
    """No earlier row hides a later one; and every pattern compiles."""
    for row in TABLES["mounts"]["rows"]:
        path = row["path"] if "path" in row else f"/home/somebody{row['ends']}"
        found = kernel.mount_fact(path)
        assert found is not None
        assert (found.cls, found.means) == (row["class"], row["means"]), path
        assert kernel.normal_path(path).lower() == path.lower()
    for row in TABLES["devices"]["rows"]:
        re.compile(row["pattern"])
    for kind, pattern in TABLES["commands"].items():
        assert kind == "source" or re.compile(pattern)
