"""Settings of nights that nobody watches: who is told when one goes wrong, and what is kept."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["failure", "blocking_check", "stale_exports", "drift", "overdue"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Alerts(BaseModel):
    """What is told, through what. Addresses that are secrets come from the environment only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: tuple[Kind, ...] = KINDS
    details: bool = False
    stale_days: Annotated[int, Field(ge=1, le=365)] = 3
    overdue_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 36
    remind_days: Annotated[int, Field(ge=1, le=365)] = 7
    pages_at: str = ""
    webhook: bool = False
    mail_to: tuple[str, ...] = ()
    mail_from: str = ""
    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"

    @model_validator(mode="after")
    def _mail_is_whole(self) -> "Alerts":
        if self.mail_to and not (self.mail_from and self.smtp_host):
            raise ValueError("mail_to needs mail_from and smtp_host beside it")
        for address in (*self.mail_to, *filter(None, [self.mail_from])):
            if "@" not in address or any(ch.isspace() for ch in address):
                raise ValueError(f"{address!r} is no mail address")
        return self


class Retention(BaseModel):
    """How much is kept of nights that are over; 0 keeps everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nights: Annotated[int, Field(ge=0)] = 90
    ledger_days: Annotated[int, Field(ge=0)] = 0
    history_days: Annotated[int, Field(ge=0)] = 90
