"""What every source returns, and what it is given.

A source is a module or package with

    def read(unit: Unit, surroundings: Surroundings) -> Reading

A partial result and diagnostics, both always valid: what could not be read is a `Problem` with its place, and
the rest is read all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vmlint.files import Files
from vmlint.model.finding import Problem
from vmlint.model.record import field, record
from vmlint.model.workload import Host, Workload

if TYPE_CHECKING:
    from vmlint.catalog.kubernetes_kinds import Kind
    from vmlint.sources.dockerfile import BuiltImage


@record
class Unit:
    """What is read together: a Compose project (its files in order), the Kubernetes manifests of a folder, one
    Terraform root module (its folder). `format` names the source; `paths` as `vmlint.files` names them; `beside`
    are files that complete what the paths say and are not reported themselves."""

    format: str
    paths: tuple[str, ...]
    beside: tuple[str, ...] = ()


@record
class Settings:
    """What the command line and the configuration say to the sources. `variables` are `--var` pairs,
    for Terraform and Compose alike, `variable_files` and `env_files` the files of `--var-file` and `--env-file` in
    order. `environment` is the environment of the run where `--env` asks for it, else empty; `kinds` are Kubernetes
    kinds of the user's own. `render` lets the installed helm render charts, with the value files `values`."""

    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    strict: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    render: bool = False
    values: tuple[str, ...] = ()


@record
class Surroundings:
    files: Files
    settings: Settings = field(default_factory=Settings)


@record
class Reading:
    """`files` counts what was read for this unit, by path, so that the summary can say it truly. `images` are what
    the unit builds, by the reference that it gives them; one without a tag stands for every tag."""

    workloads: tuple[Workload, ...] = ()
    hosts: tuple[Host, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: frozenset[str] = frozenset()
    images: tuple[tuple[str, BuiltImage], ...] = ()
