"""The settings of what goes back to a CRM: what its importer calls the five columns of a file."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _field(name: str) -> str:
    if not name.strip() or name[0] in "=+-@" or any(ord(letter) < 32 for letter in name):
        raise ValueError("not the name of a field as its importer knows it")
    return name


Name = Annotated[str, AfterValidator(_field)]


class CrmFields(_Section):
    """The five columns of a file for a CRM's importer."""

    id: Name
    risk: Name
    move: Name
    reasons: Name
    as_of: Name

    @model_validator(mode="after")
    def _differ(self) -> Self:
        names = [self.id, self.risk, self.move, self.reasons, self.as_of]
        if len({name.lower() for name in names}) < len(names):
            raise ValueError("two columns of one file have the same name")
        return self


class Salesforce(CrmFields):
    """The fields of an opportunity, for Data Loader."""

    id: Name = "Id"
    risk: Name = "NoDecision_Risk__c"
    move: Name = "NoDecision_Move__c"
    reasons: Name = "NoDecision_Reasons__c"
    as_of: Name = "NoDecision_As_Of__c"
    empty: Literal["", "#N/A"] = ""


class Hubspot(CrmFields):
    """The properties of a deal, by their labels."""

    id: Name = "Record ID"
    risk: Name = "No Decision Risk"
    move: Name = "No Decision Move"
    reasons: Name = "No Decision Reasons"
    as_of: Name = "No Decision As Of"


class Pipedrive(CrmFields):
    """The fields of a deal, as Pipedrive's own export heads them."""

    id: Name = "Deal - ID"
    risk: Name = "Deal - No Decision Risk"
    move: Name = "Deal - No Decision Move"
    reasons: Name = "Deal - No Decision Reasons"
    as_of: Name = "Deal - No Decision As Of"


class CrmOut(_Section):
    """What goes back to a CRM, under the names of its own fields."""

    clear_days: Annotated[int, Field(ge=1, le=3650)] = 30
    salesforce: Salesforce = Salesforce()
    hubspot: Hubspot = Hubspot()
    pipedrive: Pipedrive = Pipedrive()
