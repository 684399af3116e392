"""Arguments and exit codes; no logic."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from vmlint import __version__
from vmlint.cli_options import SEVERITIES, reading_options

if TYPE_CHECKING:
    from vmlint.engine.config import Config
    from vmlint.engine.plugins import LoadedRule
    from vmlint.engine.report import Report
    from vmlint.files import Files

CLEAN, FINDINGS, USAGE, INCOMPLETE, FAULT = range(5)
_INTERRUPTED, _UNREAD = 130, 141
"""What a shell says of a program that SIGINT or SIGPIPE ended."""


class _Failure(click.ClickException):
    """Wrong use, configuration or rule: exit 2."""

    exit_code = USAGE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vmlint")
def cli() -> None:
    """Flags workloads that are placed on the wrong substrate."""


def _severity(name: str) -> Any:
    from vmlint.model.finding import Severity

    return Severity[name.upper()]


@cli.command()
@reading_options
@click.option("--format", "form", default="text", show_default=True, metavar="NAME", help="text, json or sarif.")
@click.option("--report", "reports", multiple=True, metavar="NAME:FILE", help="Write a further report.")
@click.option("--min-severity", type=SEVERITIES, default="notice", show_default=True)
@click.option("--min-confidence", type=click.Choice(["low", "medium", "high"]), default="low", show_default=True)
@click.option("--fail-on", type=SEVERITIES, default=None, help="Exit 1 from this severity on (default: warning).")
@click.option("--suppressed", type=click.Choice(["omit", "mark"]), default="omit", show_default=True)
@click.option("--allow-incomplete", is_flag=True, help="Unreadable files do not fail the scan.")
@click.option("--allow-empty", is_flag=True, help="Nothing to scan is no failure (for hooks on named files).")
@click.option("--show-undecided", is_flag=True, help="List what would settle each undecided rule.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when clean.")
@click.option("-v", "--verbose", is_flag=True, help="Say what was passed over.")
def scan(**options: Any) -> None:
    """Judge the workloads of files and folders."""
    report, config = _scan(options)
    _print(report, options)
    fail_on = options["fail_on"] or config.fail_on or "warning"
    sys.exit(_exit_code(report, fail_on, options["allow_incomplete"], options["allow_empty"]))


def _scan(options: dict[str, Any]) -> tuple[Report, Config]:
    from vmlint.engine import run
    from vmlint.engine.choices import Choices
    from vmlint.engine.discovery import boundary
    from vmlint.files import Files, decode
    from vmlint.model.finding import Confidence
    from vmlint.reports.progress import Progress
    from vmlint.sources.reading import Settings, Surroundings

    paths = list(options["paths"])
    files_named = (*options["var_file"], *options["env_file"], *options["values"])
    _check_exist([*paths, *files_named])
    if options["values"] and not options["render"]:
        raise _Failure("--values says what --render renders with, and is of no use without it")
    named = [path for path in paths if path != "-"]
    allowed = (*named, *files_named, *filter(None, [options["config"]]))
    files = Files(boundary(named or ["."]), allowed)
    if "-" in paths:
        files.put(options["stdin_filename"], decode(options["stdin_filename"], _standard_input(files.max_bytes)))
        paths = [options["stdin_filename"] if path == "-" else path for path in paths]
    rules = _rules(options["rule_folders"])
    _check_names((*options["select"], *options["ignore"]), rules)
    config = _config(options, paths, files, rules)
    settings = Settings(
        _variables(options["var"]),
        tuple(options["var_file"]),
        tuple(options["env_file"]),
        options["strict"],
        _environment(options["env"]),
        config.kinds,
        options["render"],
        tuple(options["values"]),
    )
    choices = Choices(
        select=frozenset(options["select"] or config.select),
        ignore=frozenset((*options["ignore"], *config.ignore)),
        pedantic=(options["profile"] or config.profile) == "pedantic",
        min_severity=_severity(options.get("min_severity", "notice")),
        min_confidence=Confidence[options.get("min_confidence", "low").upper()],
        jobs=options["jobs"] or os.cpu_count() or 1,
        mark_suppressed=options.get("suppressed") == "mark",
        config=config,
        **_today(options["today"]),
    )
    progress = Progress(sys.stderr, silent=options.get("quiet", False))
    try:
        return run.scan(paths, Surroundings(files, settings), rules, choices, progress), config
    finally:
        progress.close()


def _config(options: dict[str, Any], paths: list[str], files: Files, rules: tuple[LoadedRule, ...]) -> Config:
    from vmlint.engine import config

    path = "" if options["no_config"] else options["config"] or config.find(paths, files)
    try:
        return config.load(path, files, rules) if path else config.Config()
    except config.ConfigError as error:
        raise _Failure(str(error)) from None


def _standard_input(max_bytes: int) -> bytes:
    data = sys.stdin.buffer.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _Failure(f"standard input has more than the {max_bytes:,} bytes allowed")
    return data


def _check_exist(paths: list[str]) -> None:
    for path in paths:
        if path == "-":
            continue
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise _Failure(f"{path} does not exist") from None
        except (OSError, ValueError) as error:
            raise _Failure(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise _Failure(f"--var takes NAME=VALUE, not {pair}")
        # As the report of what is undecided writes it: `var.image`, `${TAG}`.
        found[name.strip().removeprefix("${").removesuffix("}").removeprefix("var.")] = value
    return found


def _environment(wanted: bool) -> dict[str, str]:
    """The environment where it is asked for; else nothing depends on it."""
    return dict(os.environ) if wanted else {}


def _today(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    import datetime

    try:
        return {"today": datetime.date.fromisoformat(text)}
    except ValueError as error:
        raise _Failure(f"--today takes YYYY-MM-DD: {error}") from None


def _rules(folders: tuple[str, ...] = ()) -> tuple[LoadedRule, ...]:
    from vmlint.engine.plugins import RuleError, load

    try:
        return load(tuple(folders))
    except RuleError as error:
        raise _Failure(str(error)) from None


def _check_names(names: tuple[str, ...], rules: tuple[LoadedRule, ...]) -> None:
    from vmlint.engine.selection import complaint

    for name in names:
        wrong = complaint(name, rules)
        if wrong:
            raise _Failure(f"{wrong} (`vmlint rules` lists them)")


def _exit_code(report: Report, fail_on: str, allow_incomplete: bool, allow_empty: bool) -> int:
    worst = _severity(fail_on)
    if any(result.severity >= worst and result.suppressed is None for result in report.results):
        return FINDINGS
    unreadable = report.summary.unreadable > 0 and not allow_incomplete
    empty = report.summary.files == 0 and not report.unreadable and not allow_empty
    return INCOMPLETE if unreadable or empty else CLEAN


def _print(report: Report, options: dict[str, Any]) -> None:
    for target in options["reports"]:
        name, separator, file = target.partition(":")
        if not separator:
            raise _Failure(f"--report takes NAME:FILE, not {target}")
        text = _rendered(name, report, options, colour=False)
        _save(file, text)
    text = _rendered(options["form"], report, options, colour=_colour(options["color"]))
    clean = not report.results and not report.unreadable
    if not (options["quiet"] and clean and options["form"] == "text"):
        _write(text)
    if options["verbose"]:
        for problem in report.passed_over:
            sys.stderr.write(f"{problem.span.path}:{problem.span.line}: {problem.message}\n")


def _save(file: str, text: str) -> None:
    try:
        with open(file, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise _Failure(f"{file} cannot be written ({error.strerror})") from None


def _rendered(name: str, report: Report, options: dict[str, Any], colour: bool) -> str:
    from vmlint.reports import FORMATS, rendered

    if name not in FORMATS:
        raise _Failure(f"there is no format {name}; there are {', '.join(FORMATS)}")
    return rendered(name, report, colour=colour, show_undecided=options["show_undecided"])


def _colour(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _write(text: str) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody reads on. What is still buffered must not fail again when the interpreter flushes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_UNREAD)


@cli.command()
@reading_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inventory(**options: Any) -> None:
    """List every workload: role, substrate, needs, verdict, recommendation."""
    from vmlint.reports import inventory as listing

    report, _ = _scan(options)
    _write(
        listing.render(report)
        if options["form"] == "text"
        else _rendered("json", report, {"show_undecided": False}, False)
    )
    sys.exit(CLEAN if report.workloads else INCOMPLETE)


@cli.command("map")
@reading_options
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text", show_default=True)
def kernels(**options: Any) -> None:
    """Show which workloads share a kernel, across files and formats, and where the files do not tell."""
    from vmlint.kernel_map import kernel_map
    from vmlint.reports import kernels as drawing

    report, _ = _scan(options)
    _write(drawing.render(options["form"], kernel_map(report.estate)))
    for problem in report.unreadable:
        sys.stderr.write(f"{problem.span.path}:{problem.span.line}: {problem.message}\n")
    sys.exit(CLEAN if report.workloads and not report.unreadable else INCOMPLETE)


@cli.command()
@click.argument("address")
@reading_options
def why(address: str, **options: Any) -> None:
    """Show how the verdict on one workload came about."""
    from vmlint.reports import why as trace

    report, _ = _scan(options)
    chosen = [item for item in report.workloads if address in (item.workload.address, item.workload.name)]
    if not chosen:
        names = ", ".join(sorted({item.workload.address for item in report.workloads})[:20]) or "none"
        raise _Failure(f"there is no workload {address}; there are: {names}")
    _write("\n".join(trace.render(item) for item in chosen))


@cli.command()
@click.argument("rule")
@click.option("--rules", "rule_folders", multiple=True, metavar="DIR")
def explain(rule: str, rule_folders: tuple[str, ...]) -> None:
    """Print the manual of a rule, named by id or name."""
    from vmlint.reports import manual

    loaded_rules = _rules(rule_folders)
    for loaded in loaded_rules:
        if rule.lower() in (loaded.rule.id.lower(), loaded.rule.name):
            _write(manual.render(loaded.rule, loaded.manual))
            return
    _check_names((rule,), loaded_rules)
    raise _Failure(f"{rule} means several rules; `vmlint rules` lists them")


@cli.command()
@click.option("--rules", "rule_folders", multiple=True, metavar="DIR")
def rules(rule_folders: tuple[str, ...]) -> None:
    """List all rules."""
    from vmlint.reports import manual

    _write(manual.listing([loaded.rule for loaded in _rules(rule_folders)]))


@cli.command()
@click.argument("name", type=click.Choice(["config", "report"]))
@click.option("--rules", "rule_folders", multiple=True, metavar="DIR")
def schema(name: str, rule_folders: tuple[str, ...]) -> None:
    """Print the JSON schema of the configuration (with the options of all rules) or of the JSON report."""
    import json

    from vmlint.engine.config import schema as of_config
    from vmlint.reports.json import schema as of_report

    described = of_config(_rules(rule_folders)) if name == "config" else of_report()
    _write(json.dumps(described, indent=1) + "\n")


@cli.command()
@click.argument("kind", default="")
@click.argument("name", default="")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--config", metavar="FILE", help="Configuration (default: the nearest .vmlint.yaml).")
@click.option("--no-config", is_flag=True, help="Read no configuration.")
@click.option("--today", metavar="DATE", help="The day that dates are judged by (YYYY-MM-DD).")
def catalog(kind: str, name: str, **options: Any) -> None:
    """Print what vmlint knows of a thing, with the source; without arguments, of which kinds of things."""
    from vmlint.catalog.tables import extend
    from vmlint.engine.discovery import boundary
    from vmlint.files import Files
    from vmlint.reports.catalog import NoSuchKindError, UnknownThingError, answer

    files = Files(boundary(["."]), tuple(filter(None, [options["config"]])))
    extend(_config(options, ["."], files, _rules()).catalog)
    try:
        _write(answer(kind, name, options["form"], **_today(options["today"])))
    except NoSuchKindError as error:
        raise _Failure(str(error)) from None
    except UnknownThingError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(FINDINGS)


@cli.command("eval")
@click.option("-C", "folder", default=".", metavar="DIR", help="The module's folder.")
@click.option("--var", multiple=True, metavar="NAME=VALUE")
@click.option("--var-file", multiple=True, metavar="FILE")
@click.option("--env", is_flag=True, help="Take TF_VAR_ variables from the environment.")
@click.argument("expression")
def evaluate(folder: str, var: tuple[str, ...], var_file: tuple[str, ...], env: bool, expression: str) -> None:
    """Print the value of a Terraform expression as JSON; exit 1 with the missing name where it is unknown."""
    from vmlint.engine.discovery import boundary
    from vmlint.engine.evaluation import value_as_json
    from vmlint.files import Files
    from vmlint.sources.reading import Settings

    if not os.path.isdir(folder):
        raise _Failure(f"{folder} is no folder")
    _check_exist(list(var_file))
    files = Files(boundary([folder]), tuple(var_file))
    settings = Settings(_variables(var), tuple(var_file), environment=_environment(env))
    text, missing = value_as_json(expression, folder, files, settings)
    if missing:
        sys.stderr.write(missing + "\n")
        sys.exit(FINDINGS)
    _write(text + "\n")


def main() -> NoReturn:
    """Run, and turn a fault of our own into exit 4 and an interruption into 130, as shells count it."""
    # Half of a large scan would go into looking for garbage; the engine collects between units.
    gc.disable()
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("vmlint: interrupted\n")
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if "VMLINT_DEBUG" in os.environ:
            raise
        sys.stderr.write(f"vmlint: internal fault: {type(error).__name__}: {error}\n")
        sys.stderr.write("Please report it; VMLINT_DEBUG=1 shows where it happened.\n")
        sys.exit(FAULT)
    finally:
        # All goes with the process: the interpreter need not look for garbage once more, a tenth of a small scan.
        gc.freeze()
    sys.exit(code or CLEAN)
