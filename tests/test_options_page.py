"""The page on options: every verdict has its sentence, and what comes from the data stays text."""

import pandas as pd
import pytest

from reports import options
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

VIEW = View(Words.read("en"), Formats("EUR"), {})
HOSTILE = "<script>alert(1)</script>"


def answer(verdict, difference=0.05, low=0.01, high=0.09):
    is_told = verdict in ("more", "fewer", "nothing")
    return pd.DataFrame(
        [
            {
                **{"horizon_days": days, "verdict": verdict},
                "difference": difference if is_told else None,
                "low": low if is_told else None,
                "high": high if is_told else None,
                **{"deals": 1_734, "days": 9_000, "sellers": 9},
                **{"no_decisions": 507, "exposed_no_decisions": 12},
            }
            for days in (91, 182)
        ]
    )


def ratios():
    rows = [
        ("options", "no_decision", 1.31, "ok"),
        ("options", "decision", 0.53, "ok"),
        ("options_1", "no_decision", 1.2, "ok"),
        ("options_1", "decision", 0.9, "ok"),
        ("options_2_to_3", "no_decision", 1.4, "ok"),
        ("options_2_to_3", "decision", 0.6, "ok"),
        ("options_4_or_more", "no_decision", None, "too_few"),
        ("options_4_or_more", "decision", None, "too_few"),
        ("added", "no_decision", 1.1, "ok"),
        ("added", "decision", 0.8, "ok"),
        ("incumbent", "no_decision", None, "constant"),
        ("incumbent", "decision", None, "constant"),
    ]
    frame = pd.DataFrame(rows, columns=["exposure", "ending", "ratio", "verdict"])
    return frame.assign(
        low=frame["ratio"] - 0.1,
        high=frame["ratio"] + 0.1,
        **{"p": 0.01, "deals": 1_734, "days": 9_000, "exposed_share": 0.4, "sellers": 30},
        **{"events": 507, "exposed_events": 205},
    )


def curve():
    return pd.DataFrame(
        {
            "horizon_days": [91, 182] * 3,
            "options_from": [0, 0, 1, 1, 2, 2],
            "options_to": [0, 0, 1, 1, None, None],
            **{"deals": 500, "days": 900, "no_decisions": 90},
            "observed": [0.2, 0.3, 0.21, 0.31, 0.4, 0.5],
            "observed_low": 0.1,
            "observed_high": 0.6,
            "adjusted": [0.22, 0.32, 0.23, 0.33, 0.42, 0.52],
            "low": 0.2,
            "high": 0.6,
        }
    )


def recorded(**kinds):
    row = {"source": HOSTILE, "deals": 10, "with_options": 3}
    row |= {"first_on": pd.Timestamp("2025-01-03")}
    told = {f"with_{kind}": kinds.get(kind, 0) for kind in options.KINDS}
    return pd.DataFrame([row | told])


def raw():
    rows = [("all", "0", 30), ("all", "1", 12), ("ours", "1", 12), ("added", "under_4_weeks", 5)]
    frame = pd.DataFrame(rows, columns=["kind", "level", "deals"])
    counts = {"weeks": 60, "no_decisions": 9, "won": 3, "lost_to_competitor": 1, "other": 0}
    return frame.assign(**counts, no_decision_share=0.15, decision_share=0.07)


def whole():
    """Every mart of the page."""
    frames = {"options": raw(), "options_answer": answer("nothing"), "options_curve": curve()}
    return {**frames, "options_adjusted": ratios(), "options_recorded": recorded(ours=3)}


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("more", "no proof that fewer options would bring more decisions"),
        ("fewer", "no proof that more options bring decisions"),
        ("nothing", "<strong>neither more nor less</strong>"),
        ("too_few", "12 of them"),
        ("constant", "equally many"),
        ("not_recorded", "does not say that buyers had no choice"),
    ],
)
def test_every_verdict_has_its_sentence(verdict, said):
    sentence = options.answer_sentence(VIEW, Marts({"options_answer": answer(verdict)}))
    assert said in sentence
    is_told = verdict in ("more", "fewer", "nothing")
    assert ("+5.0" in sentence) == is_told
    assert ("within 182 days" in sentence) == is_told


def test_nothing_at_all_is_told_as_not_recorded():
    parts = options.context(Marts({}), VIEW)
    assert "no option is on record" in parts["answers"][0]
    assert len(parts["answers"]) == 1
    assert parts["curve_chart"] is None
    for name in ("curve", "adjusted", "raw", "growth", "recorded"):
        assert not parts[name].rows
        assert parts[name].empty


def test_ratios_are_told_where_both_are():
    frame = ratios()
    (sentence,) = options.ratio_sentences(VIEW, Marts({"options_adjusted": frame}))
    assert "<strong>1.31</strong> times the weekly hazard of no decision" in sentence
    assert "1.21 to 1.41" in sentence
    frame.loc[0, "verdict"] = "too_few"
    assert not options.ratio_sentences(VIEW, Marts({"options_adjusted": frame}))


def test_ratios_stand_in_the_page_s_order_and_say_what_they_are_of():
    table = options.adjusted_table(Marts({"options_adjusted": ratios().iloc[::-1]}), VIEW)
    assert [row[0].text for row in table.rows] == [
        "Each further option",
        "The present supplier known",
        "Each that came lately",
        "1 on the table, against the fewest",
        "2 to 3 on the table, against the fewest",
        "4 or more on the table, against the fewest",
    ]
    by_name = {row[0].text: [cell.text for cell in row] for row in table.rows}
    assert by_name["Each further option"][1] == "1.31 (1.21 to 1.41)"
    assert by_name["Each further option"][2] == "205 of 507"
    assert by_name["4 or more on the table, against the fewest"][3] == "too few to say"
    assert by_name["The present supplier known"][1] == "always the same"


def test_the_curve_is_drawn_with_its_points_and_its_band():
    marts = Marts({"options_curve": curve()})
    chart = options.curve_chart(marts, VIEW)
    low, high, line, points = chart.figure["data"]
    assert list(line["y"]) == [0.32, 0.33, 0.52]
    assert (list(low["y"]), list(high["y"])) == ([0.2] * 3, [0.6] * 3)
    assert high["fill"] == "tonexty"
    assert list(points["y"]) == [0.3, 0.31, 0.5]
    assert chart.figure["layout"]["xaxis"]["ticktext"] == ["0", "1", "2 or more"]
    table = options.curve_table(marts, VIEW)
    assert [row[0].text for row in table.rows] == ["0", "1", "2 or more"]
    assert len(table.rows[0]) == len(table.columns) == 7


def test_what_is_not_on_record_is_said_and_a_hostile_name_stays_text():
    none = options.recorded_sentences(VIEW, Marts({"options_recorded": recorded()}))
    part = options.recorded_sentences(VIEW, Marts({"options_recorded": recorded(ours=3)}))
    whole = recorded(ours=3, competitor=2, incumbent=1)
    assert "That is not to say that their buyers had no choice" in none[0]
    assert "rivals, the present supplier" in part[0]
    assert "lower limit" in part[0]
    assert not options.recorded_sentences(VIEW, Marts({"options_recorded": whole}))
    assert HOSTILE not in none[0] + part[0]
    assert "&lt;script&gt;" in none[0]


def test_the_weeks_behind_it_stand_kind_by_kind():
    rows = [("all", "4_or_more"), ("all", "0"), ("incumbent", "yes"), ("added", "under_4_weeks")]
    frame = pd.DataFrame(rows, columns=["kind", "level"]).assign(
        **{"deals": 5, "weeks": 40, "no_decisions": 2, "won": 1, "lost_to_competitor": 1},
        **{"other": 0, "no_decision_share": 0.05, "decision_share": 0.05},
    )
    parts = options.context(Marts({"options": frame}), VIEW)
    assert [(row[0].text, row[1].text) for row in parts["raw"].rows] == [
        ("All options", "0"),
        ("All options", "4 or more"),
        ("Present supplier", "known"),
    ]
    assert [row[1].text for row in parts["growth"].rows] == ["under 4 weeks"]
