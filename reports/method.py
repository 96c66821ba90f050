"""How the numbers are made: definitions, the TARGET checklist, and the model's card."""

from collections.abc import Mapping, Sequence

from reports import proof, wording
from reports.comparable import covariate
from reports.formats import real, text
from reports.marts import Marts, records
from reports.views import Cell, Column, Table, View

TARGET_ITEMS = 21
# Groups of labels in which the names that a fact holds have words.
FACT_WORDS: Mapping[str, Sequence[str]] = {
    "excluded": ("reason",),
    "strategies": ("strategy",),
    "lowered": ("setting",),
    "vocabulary": ("vocabulary",),
    "features": ("feature",),
    **dict.fromkeys(("endings", "recalibrated", "recalibrated_tonight"), ("outcome",)),
    **dict.fromkeys(("settings_chosen", "cross_validation_loss"), ("model",)),
    **dict.fromkeys(("bands", "expected_no_decisions"), ("card_part", "model")),
    **dict.fromkeys(("salesforce", "hubspot", "pipedrive"), ("crm_field",)),
}


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    words = view.words
    return {
        "answers": [words.html("answer.method")],
        "definitions": [
            (words(key), words(f"definition_text.{key.split('.')[1]}"))
            for key in words.keys("definition")
        ],
        "features": features_table(view),
        "settings": settings_table(view),
        "target": target_table(marts, view),
        "trial_facts": trial_table(marts, view),
        **proof.context(view),
        "card": card_table(marts, view),
        "run": run_table(view),
    }


def target_table(marts: Marts, view: View) -> Table:
    """The 21 items of the checklist, in our words, with what this run can fill in."""
    words, show = view.words, view.formats
    counts = records(marts["strategy_counts"])
    facts = {
        "sources": _listed(view.run.get("sources")) or words("unknown"),
        "as_of": show.day(view.run.get("as_of")),
        "points": show.count(sum(real(row["deals"]) or 0.0 for row in counts)),
        "left_out": show.count(marts["ineligible_counts"]["deals"].sum()),
        "answer": wording.strategy_sentence(view, marts).striptags(),
        "sensitivity": show.count(len(marts["sensitivity"]) + len(marts["model_signal"])),
        "specifications": show.count(len(marts["specifications"])),
        **{
            name: view.setting(name)
            for name in (
                *("silence_signal_days", "grace_days", "chase_gap_days", "chase_days"),
                *("horizon_days", "seller_active_days", "bristle_days", "return_days"),
                *("min_sellers", "min_sellers_arm", "min_events", "min_effective"),
            )
        },
    }
    rows = [
        [
            Cell(str(item)),
            Cell(words(f"target.{item}.asks"), "prose"),
            Cell(words(f"target.{item}.here", **facts), "prose"),
        ]
        for item in range(1, TARGET_ITEMS + 1)
    ]
    heads = ("item", "asks", "here")
    return Table(
        id="target",
        caption=words("table.target"),
        rows=rows,
        columns=[Column(words(f"column.{head}")) for head in heads],
    )


def features_table(view: View) -> Table:
    """What the model is told of a deal: each feature, and what it is."""
    words = view.words
    names = [key.split(".")[1] for key in words.keys("feature_definition")]
    return Table(
        id="features",
        caption=words("table.features"),
        columns=[Column(words(f"column.{head}")) for head in ("feature", "definition")],
        rows=[
            [
                Cell(words.label("feature", name)),
                Cell(words(f"feature_definition.{name}"), "prose"),
            ]
            for name in names
        ],
    )


def card_table(marts: Marts, view: View) -> Table:
    """The model's card, a key a row."""
    return _facts(marts, view, "model_card", "card")


def trial_table(marts: Marts, view: View) -> Table:
    """Facts of the emulated trial, a key a row."""
    return _facts(marts, view, "trial_facts", "trial_fact")


def _facts(marts: Marts, view: View, name: str, group: str) -> Table:
    return _pairs(
        view,
        name,
        {
            view.words.label(group, key): view.words.label(key, _said(view, key, value))
            for key, value in marts.facts(name).items()
        },
    )


def fact(view: View, key: str, value: object) -> str:
    """A fact of the comparison, the model or the settings; what it names by its label."""
    if key == "covariates":
        return view.said(value, lambda name: covariate(view, name))
    words = view.words
    groups = FACT_WORDS.get(key, ())

    def label(name: str) -> str:
        group = next((group for group in groups if words.has(f"{group}.{name}")), "")
        return words.label(group, name) if group else words.told(name)

    return view.said(value, label)


def _said(view: View, key: str, value: object) -> str:
    if key == "verdicts" and isinstance(value, Mapping):
        words = view.words
        return "; ".join(
            words("pair", a=words.label("verdict_of", name), b=words.label("verdict", said))
            for name, said in value.items()
        )
    if key.endswith("_on") and isinstance(value, str):
        return view.formats.day(value)
    return text(value) if key == "seed" else fact(view, key, value)


def settings_table(view: View) -> Table:
    """Every setting of the run."""
    return _pairs(
        view,
        "settings",
        {
            view.words.label("setting", name): _said(view, name, view.settings[name])
            for name in sorted(view.settings)
        },
    )


def run_table(view: View) -> Table:
    """The run: day, name, sources and versions."""
    words = view.words
    versions = view.run.get("versions")
    pairs = {
        words("run.as_of"): view.formats.day(view.run.get("as_of")),
        words("run.run_id"): text(view.run.get("run_id")),
        words("run.sources"): _listed(view.run.get("sources")),
    }
    if isinstance(versions, Mapping):
        pairs[words("run.versions")] = ", ".join(
            f"{name} {versions[name]}" for name in sorted(versions)
        )
    return _pairs(view, "run", pairs)


def _pairs(view: View, name: str, pairs: Mapping[str, str]) -> Table:
    return Table(
        id=name.replace("_", "-"),
        caption=view.words(f"table.{name}"),
        columns=[Column(view.words("column.key")), Column(view.words("column.value"))],
        rows=[[Cell(key), Cell(value, "prose")] for key, value in pairs.items()],
        empty=view.words("table_empty"),
    )


def _listed(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, (list, tuple)) else ""
