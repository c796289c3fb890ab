"""Goals: chosen in the settings, checked against the catalogue, warned about what pulls against what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nextmove.cli import command_line
from nextmove.errors import UnknownName, UserError
from nextmove.kpis import load_catalogue
from nextmove.kpis.goals import GOALS, MOST_PRIMARY, MOST_SECONDARY, PULLS, USUAL, selection, warnings
from nextmove.settings import Goals, Settings
from nextmove.settings_text import changed
from nextmove.workspace import Workspace

CATALOGUE = load_catalogue()


def run(*words: str) -> str:
    result = CliRunner().invoke(command_line(), list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_goal_has_its_words_and_few_kpis() -> None:
    for goal in GOALS:
        assert goal.name
        assert 2 <= len(goal.primary) <= MOST_PRIMARY
        assert len(goal.secondary) <= MOST_SECONDARY
        assert not set(goal.primary) & set(goal.secondary)


@pytest.mark.parametrize("pair", PULLS)
def test_a_pair_that_pulls_is_told(pair: tuple[str, str]) -> None:
    both, one = warnings(pair, CATALOGUE), warnings(pair[:1], CATALOGUE)
    assert len(both) == len(one) == 1
    assert one[0].startswith(both[0]), "with one of them only, it also says which is not seen"
    assert one[0] != both[0]


def test_nothing_chosen_leaves_the_usual_scorecard() -> None:
    assert selection(Goals(), CATALOGUE) == USUAL
    chosen = selection(Goals(goal="keep_customers"), CATALOGUE)
    assert chosen.primary == ("churn_rate", "retention_rate", "nps")


def test_a_choice_is_written_and_read_back(tmp_path: Path) -> None:
    run("init", str(tmp_path / "co"))
    before = (tmp_path / "co" / "nextmove.toml").read_text(encoding="utf-8")
    told = run("goals", "choose", "higher_conversion", "--secondary", "calls,response_time", "--workspace", str(tmp_path / "co"))
    assert "Higher conversion" in told
    settings = Settings.read(tmp_path / "co" / "nextmove.toml")
    assert settings.goals == Goals(
        goal="higher_conversion",
        primary=("lead_to_customer_rate", "win_rate", "stage_conversion"),
        secondary=("calls", "response_time"),
    )
    after = (tmp_path / "co" / "nextmove.toml").read_text(encoding="utf-8")
    assert set(before.splitlines()) <= set(after.splitlines()), "nothing else of the file changes"
    listed = {row["goal"]: row for row in json.loads(run("goals", "--format", "json", "--workspace", str(tmp_path / "co")))}
    assert [name for name, row in listed.items() if row["chosen"]] == ["higher_conversion"]
    run("goals", "choose", "more_profit", "--workspace", str(tmp_path / "co"))
    assert Settings.read(tmp_path / "co" / "nextmove.toml").goals.goal == "more_profit"


def test_what_is_no_scorecard_is_refused(tmp_path: Path) -> None:
    run("init", str(tmp_path / "co"))
    workspace = ("--workspace", str(tmp_path / "co"))
    with pytest.raises(UnknownName) as error:
        run("goals", "choose", "more_revnue", *workspace)
    assert "more_revenue" in error.value.nearest
    for words in (
        ("--primary", "net_sales"),
        ("--primary", "net_sales,orders,units_sold,win_rate"),
        ("--secondary", "calls,leads,mqls,sqls,nps,csat"),
        ("--secondary", "net_sales"),
    ):
        with pytest.raises(UserError):
            run("goals", "choose", "more_revenue", *words, *workspace)
    assert Settings.read(tmp_path / "co" / "nextmove.toml").goals == Goals()


def test_a_section_changes_and_the_rest_stays() -> None:
    text = '[company]\nname = "A"  # ours\n\n[goals]\nprimary = [\n  "x",\n]\ngoal = "b"\n# secondary = []\n\n[app]\nhttps = true\n'
    after = changed(text, "goals", {"goal": "c", "primary": ("y", "z")})
    assert after == '[company]\nname = "A"  # ours\n\n[goals]\ngoal = "c"\nprimary = ["y", "z"]\n# secondary = []\n\n[app]\nhttps = true\n'
    assert changed("[company]\n", "goals", {"goal": "c"}) == '[company]\n\n[goals]\ngoal = "c"\n'


def test_a_setting_that_is_not_valid_changes_nothing(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "co", settings='[company]\nname = "A"\n')
    with pytest.raises(UserError):
        workspace.change_settings("company", {"reporting_currency": "euro"})
    assert (tmp_path / "co" / "nextmove.toml").read_text(encoding="utf-8") == '[company]\nname = "A"\n'
    assert sorted(path.name for path in (tmp_path / "co").glob("nextmove*")) == ["nextmove.toml"]
