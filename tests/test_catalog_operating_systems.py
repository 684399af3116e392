"""Operating systems by the names of images and machine images, ends of support, and Windows builds."""

from __future__ import annotations

import datetime
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.catalog import windows
from vmlint.catalog.operating_systems import (
    end_of_support,
    of_image,
    of_machine_image,
    source_of,
    windows_release,
    years_past_end,
)
from vmlint.catalog.tables import table

TODAY = datetime.date(2026, 11, 24)
DISTRIBUTIONS: dict[str, Any] = table("operating_systems")["distributions"]
MACHINE_ROWS: list[dict[str, Any]] = table("machine_images")["rows"]


@pytest.mark.parametrize(
    ("image", "family", "distribution", "release"),
    [
        ("ubuntu:precise", "linux", "ubuntu", "12.04"),
        ("ubuntu:18.04", "linux", "ubuntu", "18.04"),
        ("ubuntu:focal-20230301", "linux", "ubuntu", "20.04"),
        ("docker.io/library/debian:9-slim", "linux", "debian", "9"),
        ("debian:10.13", "linux", "debian", "10"),
        ("debian:stable-slim", "linux", "debian", ""),
        ("alpine:3.13.12", "linux", "alpine", "3.13"),
        ("alpine", "linux", "alpine", ""),
        ("centos", "linux", "centos", "8"),
        ("centos:", "linux", "centos", ""),
        ("quay.io/centos/centos:latest", "linux", "centos", ""),
        ("quay.io/centos/centos:stream9", "linux", "centos", "stream9"),
        ("centos:7.9.2009", "linux", "centos", "7"),
        ("centos:centos7", "linux", "centos", "7"),
        ("amazonlinux:2018.03", "linux", "amazon-linux", "2018.03"),
        ("amazonlinux:2.0.20230320.0", "linux", "amazon-linux", "2"),
        ("registry.access.redhat.com/ubi8/ubi-minimal", "linux", "rhel", "8"),
        ("registry.access.redhat.com/ubi8/ubi:8.5", "linux", "rhel", "8"),
        ("registry.redhat.io/ubi8/go-toolset:1.25", "linux", "rhel", "8"),
        ("registry.redhat.io/rhel7/etcd", "linux", "rhel", "7"),
        ("mariadb:10-focal", "linux", "ubuntu", "20.04"),
        ("python:3.8-buster", "linux", "debian", "10"),
        ("nginx:1.25-alpine3.15", "linux", "alpine", "3.15"),
        ("golang:1.20-stretch", "linux", "debian", "9"),
        ("bitnami/redis:6.0.9-debian-10-r52", "linux", "debian", "10"),
        ("mysql:8.0-oraclelinux8", "linux", "oraclelinux", "8"),
        ("example/etcd-20-centos7", "linux", "centos", "7"),
        ("nvidia/cuda:11.0-base-ubuntu1804", "linux", "ubuntu", "18.04"),
        ("redis:7-alpine", "linux", "alpine", ""),
        ("mcr.microsoft.com/windows/servercore:ltsc2019", "windows", "windows-server", "2019"),
        ("mcr.microsoft.com/windows/nanoserver:1809", "windows", "windows-server", "1809"),
        ("mcr.microsoft.com/dotnet/framework/aspnet:4.8", "windows", "windows-server", ""),
        ("golang:1.22-windowsservercore-ltsc2022", "windows", "windows-server", "2022"),
    ],
)
def test_container_images(image: str, family: str, distribution: str, release: str) -> None:
    found = of_image(image)
    assert found is not None
    assert (found.family, found.distribution, found.release) == (family, distribution, release)
    assert found.source


@pytest.mark.parametrize(
    "image",
    [
        "nginx:1.7.9",
        "dockurr/windows:latest",
        "example/precise-api:2",
        "example/buster:1.0",
        "lunar:3",
        "",
        "example/app:1909",
        "alpine/git:2",
    ],
)
def test_what_states_no_system_gets_none(image: str) -> None:
    found = of_image(image)
    assert found is None or (found.family == "linux" and not found.release)


@pytest.mark.parametrize(
    ("text", "family", "distribution", "release"),
    [
        ("ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-*", "linux", "ubuntu", "18.04"),
        ("Canonical UbuntuServer 16.04-LTS", "linux", "ubuntu", "16.04"),
        ("ubuntu-os-cloud/ubuntu-2204-lts", "linux", "ubuntu", "22.04"),
        ("Canonical:ubuntu-24_04-lts:server:latest", "linux", "ubuntu", "24.04"),
        ("Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", "linux", "ubuntu", "22.04"),
        ("RedHat:RHEL:8-lvm-gen2:latest", "linux", "rhel", "8"),
        ("MicrosoftWindowsServer:WindowsServer:2019-Datacenter:latest", "windows", "windows-server", "2019"),
        ("MicrosoftWindowsDesktop:Windows-10:20h2-pro", "windows", "windows-desktop", ""),
        ("MicrosoftSQLServer:SQL2019-WS2019:Enterprise", "windows", "windows-server", "2019"),
        ("focal-server-cloudimg-amd64.img", "linux", "ubuntu", "20.04"),
        ("OpenLogic CentOS 7.5", "linux", "centos", "7"),
        ("debian-jessie-x86_64-hvm", "linux", "debian", "8"),
        ("rhel8_64Guest", "linux", "rhel", "8"),
        ("MicrosoftWindowsServer WindowsServer 2012-R2-Datacenter", "windows", "windows-server", "2012r2"),
        ("windows2019srv_64Guest", "windows", "windows-server", "2019"),
        ("windows-cloud/windows-2016", "windows", "windows-server", "2016"),
        ("windows.2k22.virtio", "windows", "windows-server", "2022"),
        ("windows.10", "windows", "windows-desktop", ""),
        ("win10", "windows", "windows", ""),
        ("images:alpine/3.18", "linux", "alpine", "3.18"),
        ("other3xLinux64Guest", "linux", "linux", ""),
        ("freebsd13_64Guest", "other", "bsd", ""),
    ],
)
def test_machine_images(text: str, family: str, distribution: str, release: str) -> None:
    found = of_machine_image(text)
    assert found is not None
    assert (found.family, found.distribution, found.release) == (family, distribution, release)


@pytest.mark.parametrize(
    "text", ["ami-0123456789abcdef0", "golden-image", "otherGuest64", "sts.amazonaws.com", "", "amazon"]
)
def test_machine_images_that_say_nothing(text: str) -> None:
    assert of_machine_image(text) is None


@pytest.mark.parametrize("row", MACHINE_ROWS, ids=lambda row: row["sample"])
def test_each_machine_image_row_is_reached_by_its_sample(row: dict[str, Any]) -> None:
    found = next(other for other in MACHINE_ROWS if re.search(other["pattern"], row["sample"].lower()))
    assert found is row
    known = DISTRIBUTIONS.get(row["distribution"], {}).get("releases", {})
    fact = of_machine_image(row["sample"])
    assert fact is not None
    assert (fact.family, fact.container_host, fact.appliance) == (
        row["family"],
        row.get("container_host", False),
        row.get("appliance", ""),
    )
    assert not fact.release or fact.release in known or fact.release == row.get("release")


def test_rows_have_sources_families_and_patterns_of_their_own() -> None:
    patterns = [row["pattern"] for row in MACHINE_ROWS]
    assert len(patterns) == len(set(patterns))
    assert {row["family"] for row in MACHINE_ROWS} == {"linux", "windows", "other"}
    assert table("machine_images")["source"]
    for name, row in DISTRIBUTIONS.items():
        assert row["source"], name
        assert source_of(name) == row["source"]
    images = list(itertools.chain.from_iterable(row["images"] for row in DISTRIBUTIONS.values()))
    spellings = list(itertools.chain.from_iterable(row.get("spellings", ()) for row in DISTRIBUTIONS.values()))
    codenames = [
        f["codename"] for row in DISTRIBUTIONS.values() for f in row["releases"].values() if "codename" in f
    ]
    for names in (images, spellings, codenames):
        assert len(names) == len(set(names))


def test_support_ends_in_the_order_of_releases() -> None:
    for name in ("debian", "alpine", "fedora", "photon", "rocky"):
        releases = DISTRIBUTIONS[name]["releases"]
        ends = [end_of_support(name, release) for release in releases]
        assert ends == sorted(ends, key=str), name


@pytest.mark.parametrize(
    ("distribution", "ended_long_ago", "not_yet"),
    [
        ("ubuntu", ["12.04", "16.04", "18.04"], ["20.04", "22.04"]),
        ("debian", ["8", "9", "10"], ["11", "12"]),
        ("centos", ["6", "7", "8"], ["stream9"]),
        ("alpine", ["3.10", "3.15"], ["3.19"]),
        ("windows-server", ["2012", "2012r2", "1709", "2004"], ["2016", "2019", "1809", "23h2"]),
    ],
)
def test_two_years_past_the_end_of_2026(distribution: str, ended_long_ago: list[str], not_yet: list[str]) -> None:
    day = datetime.date(2026, 12, 31)
    assert all((years_past_end(distribution, release, day) or 0) > 2 for release in ended_long_ago)
    assert all((years_past_end(distribution, release, day) or 0) < 2 for release in not_yet)


def test_years_since_the_end_grow_with_the_day() -> None:
    assert years_past_end("debian", "nobody knows", TODAY) is None
    assert years_past_end("nobody knows", "1", TODAY) is None
    past = years_past_end("ubuntu", "18.04", TODAY)
    assert past is not None
    assert 3.4 < past < 3.6
    ahead = years_past_end("ubuntu", "24.04", TODAY)
    assert ahead is not None
    assert ahead < 0


@given(st.text(max_size=60))
def test_any_text_is_looked_up_without_an_error(text: str) -> None:
    of_image(text)
    of_machine_image(text)
    windows.build_of_image(text)
    windows.build_of_host(text)


@given(st.sampled_from(["debian", "ubuntu", "alpine"]), st.data())
def test_a_release_in_a_tag_is_the_release_of_the_base_image(distribution: str, data: st.DataObject) -> None:
    release = data.draw(st.sampled_from(sorted(DISTRIBUTIONS[distribution]["releases"])))
    base, derived = of_image(f"{distribution}:{release}"), of_image(f"example/app:1.0-{distribution}{release}")
    assert base is not None
    assert derived is not None
    assert base.release == derived.release == release


# Windows builds.


@pytest.mark.parametrize("section", ["tags", "hosts"])
def test_each_build_row_is_reached_by_its_sample(section: str) -> None:
    look_up = windows.build_of_tag if section == "tags" else windows.build_of_host
    rows = table("windows")[section]["rows"]
    assert len({row["pattern"] for row in rows}) == len(rows)
    assert table("windows")[section]["source"]
    for row in rows:
        assert look_up(str(row["sample"])) == row["build"], row
        assert str(row["build"]) in table("windows")["builds"]


@pytest.mark.parametrize(
    ("image", "build"),
    [
        ("mcr.microsoft.com/windows/servercore:ltsc2022", 20348),
        ("mcr.microsoft.com/windows/servercore:10.0.17763.1040-amd64", 17763),
        ("windows/servercore:1709", 16299),
        ("golang:1.22-nanoserver-1809", 17763),
        ("mcr.microsoft.com/dotnet/framework/runtime:4.8", None),
        ("example/app:1.1909.2", None),
    ],
)
def test_build_of_an_image(image: str, build: int | None) -> None:
    assert windows.build_of_image(image) == build


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("10.0.20348", 20348),
        ("Windows2022", 20348),
        ("WINDOWS_SERVER_2019_CORE", 17763),
        ("WINDOWS_FULL_2019_x86_64", 17763),
        ("WindowsServer2022FullContainer", 20348),
        ("OS_VERSION_LTSC2019", 17763),
        ("2019-Datacenter", 17763),
        ("Windows_Server-2016-English-Full-Containers", 14393),
        ("windows-2022-core", 20348),
        ("Windows", None),
        ("Ubuntu", None),
        ("linux-2019", None),
    ],
)
def test_build_of_a_host(text: str, build: int | None) -> None:
    assert windows.build_of_host(text) == build


@pytest.mark.parametrize(
    ("image", "host", "isolation", "runs"),
    [
        (17763, 17763, "process", True),
        (17763, 20348, "process", False),
        (17763, 20348, "hyperv", True),
        (20348, 17763, "hyperv", False),
        (20348, 26100, "process", True),
        (20348, 22631, "process", True),
        (20348, 25398, "process", True),
        (26100, 20348, "process", False),
        (14393, 14393, "process", None),
        (14393, 14393, "hyperv", True),
        (17763, 25398, "hyperv", None),
        (12345, 17763, "process", None),
        (17763, 17763, "default", None),
    ],
)
def test_which_build_runs_on_which_host(image: int, host: int, isolation: str, runs: bool | None) -> None:
    assert windows.runs_on(image, host, isolation) is runs


BUILDS = st.sampled_from(sorted(int(build) for build in table("windows")["builds"]))


@given(BUILDS, BUILDS)
def test_hyper_v_isolation_runs_all_that_process_isolation_runs(image: int, host: int) -> None:
    if windows.runs_on(image, host, "process"):
        assert windows.runs_on(image, host, "hyperv") is not False
    if image > host:
        assert windows.runs_on(image, host, "process") is False
        assert windows.runs_on(image, host, "hyperv") is False


def test_builds_have_names_sources_and_agree_with_the_releases() -> None:
    assert windows.source()
    for build, row in table("windows")["builds"].items():
        assert row["source"]
        assert windows.build_name(int(build)) == row["name"]
    assert windows.build_name(1) == "build 1"
    for release, row in DISTRIBUTIONS["windows-server"]["releases"].items():
        assert "build" not in row or str(row["build"]) in table("windows")["builds"], release


def test_windows_releases() -> None:
    assert windows_release("4.8-windowsservercore-ltsc2019") == "2019"
    assert windows_release("nanoserver-1809") == "1809"
    assert windows_release("10.0.20348.2031") == "2022"
    assert windows_release("latest") == ""
