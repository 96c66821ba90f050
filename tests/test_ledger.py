"""The ledger: what is kept of a night, which entry counts, and how predictions are judged."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.track import METRICS, track_metrics
from pipelines import backfill, ledger, warehouse

AS_OF = 20_000  # 2024-10-04


def day(number):
    return str(np.datetime64(number, "D"))


@pytest.fixture
def night():
    """A warehouse that holds one night: two scored deals, and a stalled one without a score."""
    with warehouse.in_memory() as con:
        con.execute(f"create table core.parameters as select {AS_OF} as as_of_day")
        con.execute(
            "create table marts.model_card as select 'published_model' as key, 'x' as value"
        )
        con.execute(
            "create table marts.worklist as select * from (values "
            "('a', true, true, 'pursue_anyway'), ('b', false, false, 'keep'), "
            "('z', true, false, 'disqualify')) t(deal_id, is_flagged, is_held_out, move)"
        )
        con.execute(
            "create table marts.stall_scores as select d as deal_id, h as horizon_days, "
            "0.4 as p_no_decision, 0.5 as p_no_decision_if_pursued, 0.1 as p_won, "
            "0.1 as p_lost_to_competitor, 0.1 as p_disqualified, 0.1 as p_other "
            "from (values ('a'), ('b')) x(d), (values (30), (90)) y(h)"
        )
        con.execute(
            "create table core.outcomes as select * from (values "
            "('a', 'no_decision', 19980), ('b', 'won', 19990), ('z', 'open', null)) "
            "t(deal_id, outcome, event_day)"
        )
        yield con


def kept(con, place):
    return con.execute("select * from read_parquet($1)", [str(place)]).df()


def test_a_night_keeps_scores_flags_and_marks(night, tmp_path):
    place = ledger.remember(night, tmp_path, "2024-10-04", "run1", is_replayed=False)
    assert place.name == "2024-10-04-run1.parquet"
    rows = kept(night, place)
    assert list(rows.columns) == list(ledger.COLUMNS)
    assert len(rows) == 5
    assert rows.set_index("deal_id").loc["a", "is_held_out"].all()
    stalled = rows[rows["deal_id"] == "z"]
    assert stalled["p_no_decision"].isna().all()
    assert stalled["is_flagged"].all()
    assert not rows["is_replayed"].any()
    assert not list(tmp_path.glob("*.tmp"))


def test_nothing_rewrites_what_is_kept(night, tmp_path):
    place = ledger.remember(night, tmp_path, "2024-10-04", "run1", is_replayed=False)
    before = place.read_bytes()
    night.execute("update marts.stall_scores set p_no_decision = 0.99")
    ledger.remember(night, tmp_path, "2024-10-04", "run1", is_replayed=False)
    other = ledger.remember(night, tmp_path, "2024-10-04", "run2", is_replayed=False)
    replay = ledger.remember(night, tmp_path, "2024-10-04", "run1", is_replayed=True)
    assert place.read_bytes() == before
    assert len({place, other, replay}) == 3


def test_the_last_live_entry_of_a_day_counts(night, tmp_path):
    for run, p, replayed in (("b", 0.1, False), ("a", 0.2, False), ("c", 0.3, True)):
        night.execute(f"update marts.stall_scores set p_no_decision = {p}")
        ledger.remember(night, tmp_path, "2024-09-04", run, is_replayed=replayed)
    found = ledger.judged(night, tmp_path)
    assert found["p_no_decision"].unique().tolist() == [0.2]
    assert not found["is_replayed"].any()


def test_a_replay_counts_where_there_is_nothing_else_and_says_so(night, tmp_path):
    ledger.remember(night, tmp_path, "2024-09-04", "r", is_replayed=True)
    found = ledger.judged(night, tmp_path)
    assert found["is_replayed"].all()
    assert found["deal_id"].tolist() == ["a", "b"]


def test_a_live_night_before_a_later_one_was_made_after_the_fact(night, tmp_path):
    ledger.remember(night, tmp_path, "2024-09-30", "x", is_replayed=False)
    late = ledger.remember(night, tmp_path, "2024-09-04", "y", is_replayed=False)
    assert "-replayed-" in late.name
    assert kept(night, late)["is_replayed"].all()


def write(con, folder, name, rows, columns):
    frame = pd.DataFrame(rows, columns=columns.split())
    con.register("frame", frame)
    con.execute(
        "create or replace temp table file as select * replace (cast(predicted_on as date) as "
        "predicted_on) from frame"
    )
    con.execute(f"copy file to '{folder}/{name}' (format parquet)")
    con.unregister("frame")


def test_each_ending_is_judged_by_its_due_day(tmp_path):
    endings = {
        "stalled": ("no_decision", AS_OF - 20, "no_decision", True),
        "stalled_on_the_day": ("no_decision", AS_OF - 10, "no_decision", True),
        "stalled_later": ("no_decision", AS_OF - 9, "open", False),
        "won": ("won", AS_OF - 30, "won", False),
        "lost": ("lost_to_competitor", AS_OF - 30, "lost_to_competitor", False),
        "let_go": ("disqualified", AS_OF - 30, "disqualified", False),
        "dropped": ("seller_drop", AS_OF - 30, "other", False),
        "unclear": ("unknown_loss", AS_OF - 30, "other", False),
        "open": ("open", None, "open", False),
        "twin": ("excluded", AS_OF - 30, "excluded", None),
    }
    with warehouse.in_memory() as con:
        con.execute(f"create table core.parameters as select {AS_OF} as as_of_day")
        told = pd.DataFrame(
            [(name, outcome, at) for name, (outcome, at, *_) in endings.items()],
            columns=["deal_id", "outcome", "event_day"],
        ).astype({"event_day": "Int64"})
        con.register("told", told)
        con.execute("create table core.outcomes as select * from told")
        on = day(AS_OF - 40)
        rows = [(name, on, h, 0.5) for name in [*endings, "deleted"] for h in (30, 90)]
        write(
            con,
            tmp_path,
            f"{on}-x.parquet",
            rows,
            "deal_id predicted_on horizon_days p_no_decision",
        )
        found = ledger.judged(con, tmp_path).set_index("deal_id")
    assert set(found["horizon_days"]) == {30}
    for name, (_, _, ending, happened) in endings.items():
        assert found.loc[name, "ending"] == ending, name
        if happened is None:
            assert pd.isna(found.loc[name, "happened"])
        else:
            assert bool(found.loc[name, "happened"]) is happened, name
    assert found.loc["deleted", "ending"] == "gone"
    assert set(found.index[found["is_censored"]]) == {"twin", "deleted"}
    assert found.loc["stalled", "due_on"] == pd.Timestamp(day(AS_OF - 10))
    # A file of an earlier version says nothing of flags and replays.
    assert not found[["is_flagged", "is_held_out", "is_replayed"]].any(axis=None)


def test_a_night_does_not_judge_itself(tmp_path):
    for name in ("2026-06-29-a.parquet", "2026-06-29-replayed-b.parquet", "2026-06-30-c.parquet"):
        (tmp_path / name).touch()
    found = ledger.entries(tmp_path, before="2026-06-30")
    assert [(entry.day, entry.is_replayed) for entry in found] == [
        ("2026-06-29", False),
        ("2026-06-29", True),
    ]


def test_a_mark_is_given_once_and_kept(night, tmp_path):
    ledger.remember(night, tmp_path, "2024-09-04", "x", is_replayed=False)
    night.execute("update marts.worklist set is_held_out = false, is_flagged = true")
    ledger.remember(night, tmp_path, "2024-09-11", "y", is_replayed=False)
    assert ledger.held_out(night, ledger.entries(tmp_path)) == {"a": True, "b": False, "z": False}


def test_a_replayed_night_gives_no_marks(night, tmp_path):
    ledger.remember(night, tmp_path, "2024-09-04", "x", is_replayed=True)
    assert ledger.held_out(night, ledger.entries(tmp_path)) == {}


def test_many_nights_are_thinned_to_one_a_week(night, tmp_path, monkeypatch):
    for on in ("2024-08-27", "2024-08-29", "2024-09-02"):
        ledger.remember(night, tmp_path, on, "x", is_replayed=True)
    assert len(set(ledger.judged(night, tmp_path)["predicted_on"])) == 3
    monkeypatch.setattr(ledger, "MOST_ROWS", 3)
    left = sorted(set(ledger.judged(night, tmp_path)["predicted_on"].astype(str)))
    assert left == ["2024-08-29", "2024-09-02"]


# How past predictions did.


def judged(deals=400, nights=6, seed=1, bias=0.0, **more):
    """The same chance for a deal on every night, and one ending of each deal."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.9, deals)
    y = rng.random(deals) < p
    rows = pd.DataFrame(
        {
            "deal_id": np.repeat([f"d{n}" for n in range(deals)], nights),
            "predicted_on": np.tile(pd.date_range("2026-01-04", periods=nights, freq="28D"), deals),
            "horizon_days": 90,
            "p_no_decision": np.repeat(np.clip(p + bias, 0, 1), nights),
            "p_no_decision_if_pursued": np.repeat(np.clip(p + bias, 0, 1), nights),
            "happened": np.repeat(y, nights).astype(object),
            "is_flagged": False,
            "is_held_out": False,
            "is_replayed": False,
        }
    )
    return rows.assign(**more)


def value(found, metric, group="all", period="all", column="value"):
    row = found[
        (found["metric"] == metric) & (found["group"] == group) & (found["period"] == period)
    ]
    return row[column].item()


def test_the_figures_are_those_of_the_definitions():
    rows = judged()
    found = track_metrics(rows, 1)
    p, y = rows["p_no_decision"], rows["happened"].astype(float)
    assert value(found, "brier") == pytest.approx(((p - y) ** 2).mean())
    assert value(found, "difference") == pytest.approx(y.mean() - p.mean())
    share = y.mean()
    assert value(found, "brier_skill") == pytest.approx(
        1 - ((p - y) ** 2).mean() / (share * (1 - share))
    )
    assert set(found["metric"]) == set(METRICS)
    assert value(found, "brier", column="deals") == 400
    assert not found["is_thin"].any()


def test_honest_chances_are_called_honest_and_biased_ones_are_not():
    good, bad = track_metrics(judged(), 1), track_metrics(judged(bias=0.15), 1)
    assert value(good, "difference", column="low") < 0 < value(good, "difference", column="high")
    assert value(bad, "difference", column="high") < 0


def test_many_nights_of_one_deal_are_no_more_evidence():
    once, often = track_metrics(judged(nights=1), 1), track_metrics(judged(nights=12), 1)

    def width(found):
        return value(found, "brier", column="high") - value(found, "brier", column="low")

    assert width(often) > 0.8 * width(once)


def test_replayed_nights_and_quarters_stand_apart():
    rows = judged()
    rows["is_replayed"] = rows["predicted_on"] < pd.Timestamp("2026-03-15")
    found = track_metrics(rows, 1)
    assert {"all", "live", "replayed"} == set(found["group"])
    assert {"all", "2026Q1", "2026Q2"} == set(found["period"])
    assert track_metrics(judged(), 1)["group"].unique().tolist() == ["all"]


def test_held_out_deals_are_judged_apart_by_the_risk_if_pursued():
    rows = judged(is_flagged=True, p_no_decision_if_pursued=0.7)
    rows["is_held_out"] = rows["deal_id"].str[-1].isin(list("12"))
    found = track_metrics(rows, 1)
    assert value(found, "predicted", "held_out") == pytest.approx(0.7)
    assert value(found, "observed", "held_out") == pytest.approx(
        rows.loc[rows["is_held_out"], "happened"].astype(float).mean()
    )
    assert value(found, "predicted", "flagged_others") == pytest.approx(0.7)
    held = found[found["group"].isin(["held_out", "flagged_others"])]
    assert set(held["prediction"]) == {"if_pursued"}


def test_the_order_of_rows_does_not_matter():
    rows = judged()
    shuffled = rows.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(track_metrics(rows, 1), track_metrics(shuffled, 1))


def test_censored_predictions_are_counted_and_judge_nothing():
    rows = judged()
    gone = rows.assign(happened=rows["happened"].where(rows["deal_id"] != "d1", None))
    found = track_metrics(gone, 1)
    assert value(found, "brier", column="censored") == 6
    assert value(found, "brier", column="deals") == 399


def test_few_deals_have_no_interval_and_nothing_due_gives_nothing():
    few = track_metrics(judged(deals=19), 1)
    assert few["low"].isna().all()
    assert few["is_thin"].all()
    assert track_metrics(judged().head(0), 1).empty


# Past nights.


def test_the_nights_of_a_replay_are_evenly_apart():
    wanted = backfill.asked("2026-01-01", None, "4w")
    found = backfill.nights(wanted, date(2026, 3, 30))
    assert [str(on) for on in found] == ["2026-01-01", "2026-01-29", "2026-02-26", "2026-03-26"]
    assert len(backfill.nights(backfill.asked("2026-01-01", "2026-01-03", "1d"), date.max)) == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("1 Jan", None, "4w"), "Write YYYY-MM-DD"),
        (("2026-01-01", "2025-01-01", "4w"), "lies before"),
        (("2026-01-01", None, "0w"), "10d or 4w"),
        (("2026-01-01", None, "monthly"), "10d or 4w"),
    ],
)
def test_a_wrong_range_says_what_to_write(asked, words):
    with pytest.raises(ValueError, match=words):
        backfill.asked(*asked)
