"""The page on pushing: verdicts carry their caveat, and what comes from the data stays text."""

import pandas as pd
import pytest

from reports import push
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

VIEW = View(Words.read("en"), Formats("EUR"), {})
HOSTILE = "<script>alert(1)</script>"
RATIOS = {"more": 1.4, "fewer": 0.7, "nothing": 1.0}


def adjusted(first="nothing", within="nothing", naive="fewer"):
    verdicts = {
        ("naive", "touches_so_far"): naive,
        ("equal_silence", "touches"): first,
        ("equal_silence", "touches_urgent"): "not_recorded",
        ("equal_silence", "discounts"): "too_few",
        ("within_deal", "touches"): within,
    }
    rows = []
    for (method, exposure), verdict in verdicts.items():
        for outcome in ("answer", "no_decision"):
            if (method, outcome) == ("within_deal", "no_decision"):
                continue
            ratio = RATIOS.get(verdict)
            ends = (None, None) if ratio is None else (ratio - 0.1, ratio + 0.1)
            rows.append((method, outcome, exposure, ratio, *ends, verdict))
    columns = ["method", "outcome", "exposure", "ratio", "low", "high", "verdict"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[3:6], "float64"))
    counts = {"deals": 952, "weeks": 6_000, "sellers": 9, "events": 679, "exposed_events": 12}
    return frame.assign(p=0.2, exposed_share=0.4, **counts)


def raw():
    rows = [
        ("so_far", "all", "0", 40, 60, 30),
        ("so_far", "all", "6_or_more", 20, 50, 5),
        ("touches", "14_to_20", "0", 30, 40, 8),
        ("touches", "14_to_20", "3_or_more", 10, 12, 2),
        ("urgent", "14_to_20", "no", 30, 40, 8),
        ("discount", "14_to_20", "yes", 3, 4, 1),
    ]
    frame = pd.DataFrame(rows, columns=["kind", "silence", "level", "deals", "weeks", "answered"])
    share = frame["answered"] / frame["weeks"]
    return frame.assign(no_decisions=2, answered_share=share, no_decision_share=0.05)


def recorded(**changes):
    row = {"source": HOSTILE, "deals": 10, "touches": 90, "touches_urgent": 0}
    row |= {"touches_discount": 0, "offers": 4, "offers_discount_known": 2, "offers_discounted": 1}
    return pd.DataFrame([row | changes])


def teams():
    row = {"team": HOSTILE, "deals": 9, "silent": 6, "touched_0": 1, "touched_1_2": 2}
    return pd.DataFrame([row | {"touched_3_5": 2, "touched_6_or_more": 1, "touches": 18}])


def whole():
    """Every mart of the page."""
    frames = {"push": raw(), "push_adjusted": adjusted(), "push_recorded": recorded()}
    return {**frames, "push_teams": teams()}


def sentence(verdict):
    return push.answer_sentence(VIEW, Marts({"push_adjusted": adjusted(verdict)}))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("more", "<strong>1.40</strong> times the chance"),
        ("fewer", "<strong>0.70</strong> times the chance"),
        ("nothing", "<strong>neither help nor harm</strong>"),
        ("too_few", "12 of th"),
        ("not_recorded", "not to say that nobody pushed"),
        ("constant", "nothing to compare with"),
    ],
)
def test_every_verdict_has_its_sentence(verdict, said):
    assert said in sentence(verdict)
    is_told = verdict in RATIOS
    assert ("At equal silence" in sentence(verdict)) == is_told


@pytest.mark.parametrize(
    ("verdict", "caveat"),
    [("more", "no proof"), ("fewer", "ellers"), ("nothing", "Sellers push what already stalls")],
)
def test_the_caveat_stands_in_the_sentence_itself(verdict, caveat):
    assert caveat in sentence(verdict)


@pytest.mark.parametrize(
    ("first", "within", "said"),
    [
        ("fewer", "fewer", "say so too"),
        ("fewer", "nothing", "neither bear this out nor speak against it"),
        ("fewer", "more", "<strong>speak against it</strong>"),
        ("fewer", "too_few", "too few to compare"),
        ("nothing", "nothing", "show neither help nor harm either"),
        ("nothing", "fewer", "nothing is held to be shown"),
    ],
)
def test_the_same_deals_weeks_are_told_beside(first, within, said):
    marts = Marts({"push_adjusted": adjusted(first, within)})
    assert said in push.within_sentence(VIEW, marts)


def test_what_meets_the_eye_says_otherwise_only_where_it_does():
    otherwise = push.naive_sentence(VIEW, Marts({"push_adjusted": adjusted("nothing")}))
    likewise = push.naive_sentence(VIEW, Marts({"push_adjusted": adjusted("fewer")}))
    livelier = push.naive_sentence(
        VIEW, Marts({"push_adjusted": adjusted("nothing", naive="more")})
    )
    assert "those more who talk to them" in livelier
    assert "says otherwise" in otherwise
    assert "says otherwise" not in likewise
    for said in (otherwise, likewise):
        assert "0.70" in said
        assert "where touches do nothing at all" in said


def test_nothing_is_told_of_a_refused_answer_but_why():
    marts = Marts({"push_adjusted": adjusted("too_few", "too_few", "too_few")})
    assert push.within_sentence(VIEW, marts) is push.naive_sentence(VIEW, marts) is None
    assert push.answers_chart(marts, VIEW) is None
    cells = [cell.text for row in push.adjusted_table(marts, VIEW).rows for cell in row]
    assert "too few to say" in cells
    assert "not on record" in cells
    assert not any("(" in cell for cell in cells)


def test_nothing_at_all_is_told_as_not_recorded():
    parts = push.context(Marts({}), VIEW)
    assert "not to say that nobody pushed" in parts["answers"][0]
    assert len(parts["answers"]) == 1
    assert parts["answers_chart"] is None
    for name in ("adjusted", "silent", "so_far", "teams", "recorded"):
        assert not parts[name].rows


def test_what_is_not_on_record_is_said_by_source():
    def said(**changes):
        marts = Marts({"push_recorded": recorded(**changes)})
        return " ".join(push.recorded_sentences(VIEW, marts))

    assert "no touch of ours is on record" in said(touches=0)
    assert "presses for time or offers a discount" in said()
    assert said(touches_urgent=3) == ""
    assert HOSTILE not in said() and "&lt;script&gt;" in said()


def test_the_chase_so_far_can_be_counted_by_team():
    (row,) = push.teams_table(Marts(whole()), VIEW).rows
    assert [cell.text for cell in row][:7] == [HOSTILE, "9", "6", "1", "2", "2", "1"]


def test_weeks_stand_by_silence_and_level():
    table = push.raw_table(Marts(whole()), VIEW, "touches")
    assert [row[1].text for row in table.rows] == ["0", "3 or more"]
    assert {len(row) for row in table.rows} == {len(table.columns)}
