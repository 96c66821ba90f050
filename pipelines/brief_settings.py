"""What the settings say of briefs: their language, their wordings, and what may be told in them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reports.brief_templates import FACT_WORDS, Templates


def _short(said: str) -> str:
    if len(said.split()) > FACT_WORDS["differs"]:
        raise ValueError(f"at most {FACT_WORDS['differs']} words, or the brief grows too long")
    return said


Short = Annotated[str, AfterValidator(_short)]


class Briefs(BaseModel):
    """What the briefs for buyers say, and in which language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Literal["en", "ko"] = "en"
    templates: str | None = None
    differs: Short = ""
    changing: Short = ""
    misfit: dict[str, Short] = {}
    amounts: bool = False
    return_after_days: Annotated[int, Field(ge=1, le=3650)] = 90

    def placed(self, vocabulary: str, folder: Path) -> "Briefs":
        """The same with the place of the analyst's own templates made whole, from `folder`.

        Raises reports.brief_templates.BriefTemplateError where they cannot be used.
        """
        if self.templates is None:
            return self
        own = str((folder / self.templates).resolve())
        Templates.read(self.language, vocabulary, own)
        return self.model_copy(update={"templates": own})

    def own_words(self) -> bytes:
        """The analyst's own templates as they stand, nothing where there are none."""
        return b"" if self.templates is None else Path(self.templates).read_bytes()
