"""What changed about the list since the night before, as the ledger of earlier nights tells."""

from datetime import date

import pandas as pd
import pytest

from models.news import Before, told
from pipelines import ledger, warehouse

NIGHT = date(2026, 6, 1)


def listed(*rows):
    names = ["deal_id", "is_flagged", "move", "p_no_decision_if_pursued"]
    return pd.DataFrame(rows, columns=names)


def before(*rows, nights=None):
    names = ["deal_id", "was_flagged", "move_before", "risk_before", "nights_before"]
    return Before({"crm": NIGHT} if nights is None else nights, pd.DataFrame(rows, columns=names))


@pytest.mark.parametrize(
    ("was", "now", "change", "nights"),
    [
        (None, (True, "help_decide", 0.6), "new", 1),
        ((False, "keep", 0.4, 0), (True, "help_decide", 0.6), "new", 1),
        ((True, "disqualify", 0.6, 3), (True, "help_decide", 0.6), "move_changed", 4),
        ((True, "help_decide", 0.6, 3), (True, "help_decide", 0.65), "risk_up", 4),
        ((True, "help_decide", 0.6, 3), (True, "help_decide", 0.55), "risk_down", 4),
        ((True, "help_decide", 0.6, 3), (True, "help_decide", 0.649), "same", 4),
        ((True, "help_decide", None, 3), (True, "help_decide", 0.9), "same", 4),
        # A night of an earlier version kept no move.
        ((True, None, 0.6, 3), (True, "help_decide", 0.6), "same", 4),
        ((True, "help_decide", 0.6, 3), (False, "keep", 0.2), "", None),
    ],
)
def test_each_change(was, now, change, nights):
    old = before() if was is None else before(("crm:1", *was))
    found = told(listed(("crm:1", *now)), old, 0.05).iloc[0]
    assert found["change"] == change
    assert found["nights_flagged"] == nights if nights else pd.isna(found["nights_flagged"])
    assert found["compared_with_on"] == pd.Timestamp(NIGHT)


def test_a_source_seen_for_the_first_time_is_compared_with_nothing():
    found = told(listed(("erp:1", True, "help_decide", 0.6)), before(), 0.05).iloc[0]
    assert found["change"] == "first_night"
    assert pd.isna(found["compared_with_on"])
    assert pd.isna(found["nights_flagged"])


def test_no_deal_is_compared_on_a_first_night():
    found = told(listed(("crm:1", True, "help_decide", 0.6)), before(nights={}), 0.05)
    assert found["change"].tolist() == ["first_night"]
    assert told(listed(), before(nights={}), 0.05).empty


# From files of the ledger.


def write(con, folder, day, rows, *, run="x", replayed=False, columns=None):
    names = columns or ["deal_id", "is_flagged", "move", "p_no_decision_if_pursued"]
    frame = pd.DataFrame(rows, columns=names).assign(
        horizon_days=90, predicted_on=pd.Timestamp(day).date()
    )
    con.register("frame", frame)
    mark = "-replayed" if replayed else ""
    con.execute(f"copy (from frame) to '{folder}/{day}{mark}-{run}.parquet' (format parquet)")
    con.unregister("frame")


def last(con, folder, before="2026-07-01"):
    found = ledger.last_night(con, ledger.entries(folder, before=before))
    return found.nights, found.deals.set_index("deal_id")


def test_nights_on_the_list_are_counted_unbroken(con, tmp_path):
    flags = {"2026-06-01": "abc", "2026-06-02": "ab", "2026-06-03": "b", "2026-06-05": "abc"}
    for day, flagged in flags.items():
        rows = [(f"crm:{name}", name in flagged, "help_decide", 0.5) for name in "abcd"]
        write(con, tmp_path, day, rows)
    nights, deals = last(con, tmp_path)
    assert nights == {"crm": date(2026, 6, 5)}
    assert deals["nights_before"].to_dict() == {"crm:a": 1, "crm:b": 4, "crm:c": 1, "crm:d": 0}
    assert deals["was_flagged"].to_dict() == {f"crm:{n}": n in "abc" for n in "abcd"}


def test_of_each_source_it_is_the_last_night_that_knew_it(con, tmp_path):
    write(con, tmp_path, "2026-06-01", [("a:1", True, "disqualify", 0.7)])
    write(con, tmp_path, "2026-06-02", [("b:1", True, "help_decide", 0.6)])
    nights, deals = last(con, tmp_path)
    assert nights == {"a": date(2026, 6, 1), "b": date(2026, 6, 2)}
    assert deals.loc["a:1", "move_before"] == "disqualify"
    assert deals["nights_before"].tolist() == [1, 1]


def test_replayed_nights_are_nobodys_night_before(con, tmp_path):
    write(con, tmp_path, "2026-06-02", [("a:1", True, "disqualify", 0.7)], replayed=True)
    nights, deals = last(con, tmp_path)
    assert nights == {}
    assert deals.empty


def test_files_of_earlier_versions_are_read_and_know_no_move(con, tmp_path):
    old = ["deal_id", "p_no_decision_if_pursued"]
    write(con, tmp_path, "2026-06-01", [("a:1", 0.7)], columns=old)
    flags = ["deal_id", "is_flagged", "p_no_decision_if_pursued"]
    write(con, tmp_path, "2026-06-02", [("a:1", True, 0.7)], columns=flags)
    _, deals = last(con, tmp_path)
    assert deals.loc["a:1", "was_flagged"]
    assert pd.isna(deals.loc["a:1", "move_before"])
    assert deals.loc["a:1", "nights_before"] == 1


def test_the_last_of_two_runs_of_a_day_counts(con, tmp_path):
    write(con, tmp_path, "2026-06-01", [("a:1", True, "disqualify", 0.7)], run="a")
    write(con, tmp_path, "2026-06-01", [("a:1", False, "keep", 0.2)], run="b")
    _, deals = last(con, tmp_path)
    assert not deals.loc["a:1", "was_flagged"]
    assert deals.loc["a:1", "nights_before"] == 0


def test_no_more_nights_are_looked_at_than_are_counted(con, tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "NIGHTS_COUNTED", 2)
    for day in ("2026-06-01", "2026-06-02", "2026-06-03"):
        write(con, tmp_path, day, [("a:1", True, "disqualify", 0.7)])
    assert last(con, tmp_path)[1].loc["a:1", "nights_before"] == 2


def test_what_a_night_keeps_is_what_the_next_one_reads(tmp_path):
    with warehouse.in_memory() as con:
        con.execute(
            "create table marts.model_card as select 'published_model' as key, 'x' as value"
        )
        con.execute(
            "create table marts.worklist as select 'a:1' as deal_id, true as is_flagged, "
            "false as is_held_out, 'disqualify' as move"
        )
        con.execute(
            "create table marts.stall_scores as select 'a:1' as deal_id, h as horizon_days, "
            "0.4 as p_no_decision, h / 200 as p_no_decision_if_pursued, 0.1 as p_won, "
            "0.1 as p_lost_to_competitor, 0.1 as p_disqualified, 0.1 as p_other "
            "from (values (30), (90)) t(h)"
        )
        ledger.remember(con, tmp_path, "2026-06-01", "run", is_replayed=False)
        _, deals = last(con, tmp_path)
    assert deals.loc["a:1"].to_dict() == {
        "was_flagged": True,
        "move_before": "disqualify",
        "risk_before": 0.45,
        "nights_before": 1,
    }
