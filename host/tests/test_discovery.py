"""What is installed is judged from metadata; nothing of a refused plugin runs."""

from __future__ import annotations

import sys

import pytest

from chandelier import discovery


def find(name: str) -> discovery.Candidate:
    return next(candidate for candidate in discovery.candidates() if candidate.name == name)


def test_an_installed_plugin_is_found_with_its_facts_and_without_import(install) -> None:
    package = install("greeter", version="2.3", schema={"config": "v4", "storage": "r0007"})

    candidate = find("greeter")

    assert candidate.verdict is None
    assert (candidate.distribution, candidate.version) == ("made-greeter", "2.3")
    assert (candidate.config_version, candidate.storage_revision) == (4, "0007")
    assert candidate.package == package
    assert package not in sys.modules


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"requires": ("chandelier>=99",)}, "made for chandelier >=99"),
        ({"requires": ("chandelier<0.1",)}, "made for chandelier <0.1"),
        ({"requires": ("no-such-library>=2",)}, "pip install 'no-such-library>=2'"),
        ({"requires": ("attrs<1",)}, "is installed"),
        ({"requires": ("at trs <",)}, "unreadable requirement"),
        ({"python": ">=4"}, "needs Python >=4"),
        ({"python": "three"}, "unreadable Python range"),
        ({"schema": {"config": "two"}}, "config version as 'two'"),
        ({"schema": {"storage": "latest"}}, "storage revision as 'latest'"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(install, facts, words) -> None:
    """Red #6718: a range that was ignored; here the range decides before any code runs."""
    package = install("late", "raise SystemExit('this code must not run')", **facts)

    candidate = find("late")

    assert words in (candidate.verdict or "")
    assert package not in sys.modules


def test_a_requirement_whose_installation_was_interrupted_is_not_there(install) -> None:
    install("late", requires=("chandelier", "made_library>=2"))
    install("greeter")
    (install.site / "made_library-2.0.dist-info").mkdir()

    missing = "it needs made_library>=2, which is not installed: pip install 'made_library>=2'"
    assert find("late").verdict == missing
    assert find("greeter").verdict is None


def test_requirements_of_extras_and_other_platforms_do_not_count(install) -> None:
    install(
        "lean", requires=("chandelier", 'nothing-such; extra == "more"', 'winonly; sys_platform == "none"')
    )

    assert find("lean").verdict is None


def test_a_name_that_no_table_could_carry_is_refused(install) -> None:
    install.describe("Not-A-Name", target="made_x:Made")

    assert "not a plugin name" in (find("Not-A-Name").verdict or "")


def test_two_distributions_with_one_plugin_name_are_both_named(install) -> None:
    install("twin")
    other = install.site / "made_other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: made-other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[chandelier.plugins]\ntwin = made_other:Made\n")

    verdict = find("twin").verdict or ""

    assert "made-twin" in verdict and "made-other" in verdict and "uninstall one" in verdict


def test_what_an_interrupted_installation_left_is_refused_and_the_rest_is_found(install) -> None:
    install("greeter")
    half = install.site / "made_half-1.0.dist-info"
    half.mkdir()
    (half / "entry_points.txt").write_text("[chandelier.plugins]\nhalf = made_half:Made\n")
    assert find("half").verdict == "its metadata is not complete; uninstall it and install it again"
    assert find("greeter").verdict is None

    (half / "entry_points.txt").write_text("[chandelier.plugins]\nhalf = made_ha\n[oops\n")

    assert find("greeter").verdict is None
    assert "half" not in {candidate.name for candidate in discovery.candidates()}
