"""What the comparison said of simulated companies whose truth is known, also where it was wrong."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from reports.formats import real, text
from reports.marts import records
from reports.views import Cell, Column, Table, View

PROOF = Path(__file__).parent / "example" / "proof" / "proof.csv"
TOLD = ("clone_censor_weight", "naive", "check", "none")
TEXTS = ("scenario", "path", "outcome", "method", "asked", "passed", "why")
HEADS = ("scenario", "path", "judged", "asked", "companies", "answered", "error", "coverage")
TONES = {"fail": "bad", "open": "thin"}


@cache
def rows(place: Path = PROOF) -> pd.DataFrame:
    """The rows that something is asked of, of the headline, the naive difference and the checks.

    Empty where no proof was made.
    """
    if not place.exists():
        return pd.DataFrame(columns=[*TEXTS, "companies", "answered", "bias", "coverage"])
    found = pd.read_csv(place, dtype=dict.fromkeys(TEXTS, "str"), keep_default_na=True)
    found[list(TEXTS)] = found[list(TEXTS)].fillna("")
    return found[(found["asked"] != "") & found["method"].isin(TOLD)]


def context(view: View, found: pd.DataFrame | None = None) -> Mapping[str, object]:
    """The section of the method page: a sentence, and a row for each thing asked."""
    told = rows() if found is None else found
    counts = told["passed"].value_counts()
    words = view.words
    if told.empty:
        says = words("proof_none")
    else:
        says = words(
            "proof_says",
            asked=view.formats.count(len(told)),
            **{
                name: view.formats.count(int(counts.get(name, 0)))
                for name in ("pass", "fail", "open")
            },
        )
    return {"proof_says": says, "proof": _table(view, told)}


def _table(view: View, told: pd.DataFrame) -> Table:
    words, show = view.words, view.formats
    lines = []
    for row in records(told):
        passed = text(row["passed"])
        tone = TONES.get(passed, "")
        is_check = row["method"] == "check"
        asked = "proof_asked_of_check" if is_check else "proof_asked"
        what = words.label("proof_check", row["outcome"]) if is_check else ""
        bias = real(row["bias"])
        error = real(row.get("mc_error"))
        said = ""
        if bias is not None:
            said = words(
                "proof_error",
                bias=show.number(100 * bias),
                error=show.number(None if error is None else 100 * error),
            )
        elif is_check:
            said = show.number(real(row.get("truth")))
        lines.append(
            [
                Cell(words.label("scenario", row["scenario"]), f"prose {tone}".strip()),
                Cell(words.label("proof_path", row["path"]), tone),
                Cell(what or words.label("method", row["method"]), tone),
                Cell(words.label(asked, text(row["asked"]).replace(" ", "_")), tone),
                Cell(show.count(row["companies"]), tone),
                Cell(show.count(row["answered"]), tone),
                Cell(said, tone),
                Cell("" if is_check else show.share(row["coverage"]), tone),
                Cell(
                    words(f"proof_passed.{passed}")
                    + (f" ({_why(view, text(row['why']))})" if row["why"] else ""),
                    tone,
                ),
            ]
        )
    return Table(
        id="proof",
        caption=words("table.proof"),
        rows=lines,
        columns=[
            *(Column(words(f"column.proof_{head}"), head in HEADS[4:]) for head in HEADS),
            Column(words("column.proof_passed")),
        ],
        note=words("note.proof"),
        empty=words("proof_none"),
    )


def _why(view: View, told: str) -> str:
    return ", ".join(view.words.label("proof_why", part) for part in told.split(", "))
