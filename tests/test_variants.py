"""Decision points under other definitions: made by the same queries, and only what changes."""

import shutil
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from pipelines import compare, model_signal, tables, variants
from pipelines.night import Night
from pipelines.settings import Settings
from pipelines.variants import POINTS, Definition
from pipelines.warehouse import in_memory

SETTINGS = Settings().comparison
SAME = {
    "parameters": Definition.of("core.parameters", {"silence_signal_days": "silence_signal_days"}),
    "outcomes": Definition.of("core.outcomes", {"reason_class": "reason_class"}),
    "signals": variants.earlier_signal(0),
}
# Closings that may be a seller's act: lost, by a person, on no clean-up day.
OWN_CLOSINGS = """
select d.deal_id, d.closed_day, o.reason_class, s.signal_day
from core.deals d join core.outcomes o using (deal_id) join features.signals s using (deal_id)
where d.status = 'lost' and not o.is_cleanup and not exists (
    select 1 from core.stage_changes c join core.sellers b on c.changed_by = b.seller_id
    where c.deal_id = d.deal_id and c.changed_sec = d.closed_sec and c.is_to_closed
        and b.is_automatic)
    and d.closed_day > s.signal_day and d.closed_day <= s.signal_day + 14
"""


@pytest.fixture(scope="module")
def night(built_warehouse, tmp_path_factory):
    """The sample's night, in a file of its own: catalogs are attached to a writable one only."""
    path = tmp_path_factory.mktemp("night") / "warehouse.duckdb"
    shutil.copy(built_warehouse, path)
    con = duckdb.connect(str(path))
    yield con
    con.close()


@pytest.fixture(scope="module")
def as_set(night):
    return night.sql(f"from {POINTS} order by deal_id").df()


def names(definition, wanted=POINTS):
    return [query.name for query in variants.changed(definition, wanted)]


def test_only_what_reads_a_changed_column_is_made_again():
    made = names(Definition.of("core.parameters", {"silence_signal_days": "7"}))
    assert made[0] == "features.signals" and made[-1] == POINTS
    assert not [name for name in made if name.startswith("core.")]
    of_reasons = names(Definition.of("core.outcomes", {"reason_class": "null"}))
    assert "features.walks" in of_reasons and "features.signals" not in of_reasons
    assert "features.strategy_weeks" not in of_reasons
    assert names(variants.earlier_signal(30), "features.signal_facts") == ["features.signal_facts"]
    assert names(Definition.of("core.parameters", {"fill_before": "0.1"})) == []


def test_a_star_reads_every_column_of_its_table_alone():
    def touches(sql):
        with in_memory() as con:
            reads = tables.reads_of(con, sql)
        query = tables.Query("core", "x", sql, "", reads, is_view=False)
        return variants._touches(query, Definition.of("core.deals", {"name": "'x'"}))

    assert touches("select * from core.deals")
    assert touches("select d.* from core.deals as d cross join core.parameters as p")
    assert touches("with a as (select * from core.deals) select deal_id from a")
    assert not touches("select p.*, d.deal_id from core.parameters as p cross join core.deals as d")
    assert not touches("select count(*) as n, max(deal_id) as deal_id from core.deals")
    assert not touches("select name from core.accounts")


@pytest.mark.parametrize("definition", SAME.values(), ids=SAME)
def test_a_definition_that_changes_nothing_gives_the_same_rows(night, as_set, definition):
    pd.testing.assert_frame_equal(variants.points(night, definition), as_set, check_exact=True)
    attached = night.sql("select database_name from duckdb_databases()").df()["database_name"]
    assert variants.CATALOG not in set(attached)


@pytest.mark.parametrize(
    "deals",
    [
        "select deal_id from core.deals semi join six using (seller_id)",
        "select deal_id from features.signals order by hash(deal_id) limit 60",
    ],
    ids=["of six sellers", "sixty deals"],
)
def test_narrowed_rows_are_those_of_the_deals_kept(night, as_set, deals):
    sellers = sorted(as_set["seller_id"].dropna().unique())[:6]
    night.register("six", pd.DataFrame({"seller_id": sellers}))
    kept = night.sql(deals).df()["deal_id"]
    expected = as_set[as_set["deal_id"].isin(kept)].reset_index(drop=True)
    assert expected["is_eligible"].sum() > 30
    for definition in SAME.values():
        with variants.narrowed(night, deals):
            found = variants.points(night, definition, is_narrowed=True)
        # A seller's rate of letting go is shrunk towards that of the deals kept.
        pd.testing.assert_frame_equal(
            found.drop(columns="seller_walk_rate"),
            expected.drop(columns="seller_walk_rate"),
            check_exact=True,
            check_dtype=False,  # of fewer rows, none may be unknown
        )


def test_whether_a_seller_was_active_is_asked_of_all_their_acts(night):
    acts = (
        "select count(*), max(happened_day) from {} where seller_id in "
        "(select seller_id from core.deals semi join three using (deal_id))"
    )
    three = night.sql("select deal_id from core.deals order by hash(deal_id) limit 3").df()
    night.register("three", three)
    with variants.narrowed(night, "select deal_id from three"):
        cut = night.sql(acts.format("kept.core.activities")).fetchall()
        total = night.sql("select count(*) from kept.core.activities").fetchall()[0][0]
    assert cut == night.sql(acts.format("core.activities")).fetchall()
    assert total < night.sql("select count(*) from core.activities").fetchall()[0][0]


def test_g_changes_nothing_that_is_compared(night, as_set):
    """What the row on g says: only the outcome, which the comparison does not read, may differ."""
    longer = Definition.of("core.stall_thresholds", {"g_days": "2 * g_days"})
    found = variants.points(night, longer)
    assert (found["outcome"] != as_set["outcome"]).any()
    pd.testing.assert_frame_equal(
        found.drop(columns="outcome"), as_set.drop(columns="outcome"), check_exact=True
    )


def test_silence_moves_signals_that_are_silences(night, as_set):
    told = variants.definitions(SETTINGS)
    before = as_set.set_index("deal_id")
    for name, days in (("silence_half", 7), ("silence_twice", 28)):
        found = variants.points(night, told[name]).set_index("deal_id")
        both = before.index.intersection(found.index)
        moved = found.loc[both, "signal_day"] - before.loc[both, "signal_day"]
        assert (moved <= 0).all() if days == 7 else (moved >= 0).all()
        silent = found[found["signal"] == "silence"]
        assert (silent["silence_days"] == days).all()
        assert (len(found) > len(before)) == (days == 7)


def test_losses_that_nobody_explained_are_read_both_ways(night):
    told = variants.definitions(SETTINGS)
    closings = night.sql(OWN_CLOSINGS).df()
    untold = closings.loc[
        closings["reason_class"].isna() | closings["reason_class"].isin(["other", "unmapped"]),
        "deal_id",
    ]
    assert len(untold) > 20
    walked = {
        name: variants.points(night, told[name]).set_index("deal_id")["is_walked"]
        for name in ("unknown_as_buyers_no", "unknown_as_walk_away")
    }
    assert walked["unknown_as_walk_away"][untold].all()
    recorded = night.sql(
        "select deal_id from core.disqualifications q join features.signals s using (deal_id) "
        "where q.disqualified_day > s.signal_day and q.disqualified_day <= s.signal_day + 14"
    ).df()["deal_id"]
    assert not walked["unknown_as_buyers_no"][untold[~untold.isin(recorded)]].any()


def test_losses_to_the_present_supplier_can_be_the_sellers_act(night, as_set):
    found = variants.points(night, variants.definitions(SETTINGS)["incumbent_as_walk_away"])
    closings = night.sql(OWN_CLOSINGS).df()
    incumbent = set(closings.loc[closings["reason_class"] == "incumbent", "deal_id"])
    changed = set(found.loc[found["is_walked"] != as_set["is_walked"], "deal_id"])
    assert incumbent and changed == incumbent


def test_what_happened_before_the_signal_is_counted_from_the_acts(night):
    found = variants.before(night, 30)
    expected = night.sql(
        """
        select s.deal_id, count(a.deal_id) as replies
        from features.signals s join core.deals d using (deal_id)
        left join core.activities a on a.deal_id = s.deal_id and a.is_reply
            and a.known_sec >= s.signal_end_sec - 30 * 86400 and a.known_sec < s.signal_end_sec
        where d.created_day <= s.signal_day - 30
            and s.deal_id in (select deal_id from found)
        group by s.deal_id order by s.deal_id
        """
    ).df()
    pd.testing.assert_frame_equal(
        found[["deal_id", "replies"]], expected, check_dtype=False, check_exact=True
    )
    asked = night.sql(
        "select count(*) from features.signals s join core.deals d using (deal_id) "
        "where d.created_day <= s.signal_day - 30"
    ).fetchall()[0][0]
    assert len(found) == asked > 100


# ---- the model's warning -----------------------------------------------------------------------


@pytest.fixture
def scored(built_warehouse, tmp_path):
    """The sample's warehouse, to be written to."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(built_warehouse, path)
    con = duckdb.connect(str(path))
    yield con
    con.close()


def test_the_models_signal_is_its_first_warning(scored, monkeypatch):
    scored.execute(
        "create or replace table marts.past_scores as "
        "select deal_id, snapshot_day, case when day = 28 then 0.4 else 0.6 end "
        "as p_no_decision_if_pursued, 0.1 as p_won_if_pursued from features.frontier_points"
    )
    given = []
    monkeypatch.setattr(
        "models.robustness.model_signal",
        lambda points, rules: given.append(points) or pd.DataFrame({"label": ["model_signal"]}),
    )
    model_signal.run(scored, Night())
    (points,) = given
    first = scored.sql(
        "select deal_id, min(snapshot_day) as day from features.frontier_points where day > 28 "
        "group by deal_id order by deal_id"
    ).df()
    assert points["deal_id"].tolist() == first["deal_id"].tolist()
    assert points["signal_day"].tolist() == first["day"].tolist()
    assert set(points["signal"]) == {"model"}
    assert points["is_walked"].any() and points["is_eligible"].any()


def test_without_scores_of_the_past_the_row_says_so(scored):
    scored.execute("delete from marts.past_scores")
    model_signal.run(scored, Night())
    (row,) = scored.sql("from marts.model_signal").fetchall()
    assert row[0] == "time_zero" and row[-1] == "no_past_scores"


def test_the_comparison_does_not_wait_for_the_model():
    assert not [name for name in compare.READS if "score" in name]
    assert "marts.past_scores" in model_signal.READS


def test_a_night_of_many_deals_keeps_to_the_compared_sellers(scored):
    settings = Settings.model_validate(
        {
            "comparison": {
                **{"max_points": 1000, "min_sellers": 5, "min_sellers_arm": 3},
                **{"min_events": 10, "min_effective": 10, "bootstrap_draws": 50},
            }
        }
    )
    compare.run(scored, SimpleNamespace(settings=settings))
    rows = scored.sql("from marts.specifications").df().set_index("definition")
    assert (rows["n"] <= 1000).all()
    assert rows.loc["unknown_as_buyers_no", "n"].max() == rows.loc["as_set", "n"].max() > 400
