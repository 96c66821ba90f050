"""How a message leaves the machine: a webhook, mail, and a file that always holds it.

The webhook takes what Slack's incoming webhooks take, a JSON object with `text`. Its address and
the password of the mail server are secrets: they come from the environment, and no message, log or
error holds them.
"""

import json
import os
import smtplib
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.client import HTTPException
from pathlib import Path

from pipelines.unattended import Alerts

WEBHOOK_URL = "NODECISION_WEBHOOK_URL"
SMTP_USER, SMTP_PASSWORD = "NODECISION_SMTP_USER", "NODECISION_SMTP_PASSWORD"
WAIT_SECONDS = 15
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class ChannelError(RuntimeError):
    """A message could not be sent; says through what and why, and no secret."""


@dataclass(frozen=True)
class Message:
    """What is sent: a subject line, and text."""

    subject: str
    text: str
    sent_at: datetime


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that points elsewhere is wrong: what is told must not follow."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


def _webhook(message: Message, _: Alerts, environment: Mapping[str, str]) -> None:
    address = environment.get(WEBHOOK_URL, "")
    if not address:
        raise ChannelError(f"webhook: {WEBHOOK_URL} is not set in the environment")
    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        raise ChannelError(f"webhook: {WEBHOOK_URL} must begin with https://")
    body = json.dumps({"text": f"*{message.subject}*\n{message.text}"}).encode()
    asked = urllib.request.Request(
        address, data=body, headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(asked, timeout=WAIT_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        raise ChannelError(f"webhook: it answered {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise ChannelError(f"webhook: {type(error).__name__}") from None


def _mail(message: Message, settings: Alerts, environment: Mapping[str, str]) -> None:
    letter = EmailMessage()
    letter["Subject"] = message.subject
    letter["From"] = settings.mail_from
    letter["To"] = ", ".join(settings.mail_to)
    letter["Date"] = format_datetime(message.sent_at)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    host, port = settings.smtp_host, settings.smtp_port
    trusted = ssl.create_default_context()
    try:
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=WAIT_SECONDS, context=trusted
            )
        else:
            server = smtplib.SMTP(host, port, timeout=WAIT_SECONDS)
        with server:
            if settings.smtp_security == "starttls":
                server.starttls(context=trusted)
            if environment.get(SMTP_USER):
                server.login(environment[SMTP_USER], environment.get(SMTP_PASSWORD, ""))
            server.send_message(letter)
    except smtplib.SMTPResponseException as error:
        raise ChannelError(f"mail: {host}:{port} answered {error.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"mail: {host}:{port}: {type(error).__name__}") from None


def wanted(settings: Alerts) -> dict[str, Callable[[Message], None]]:
    """The channels that the settings switch on, by name; each raises ChannelError."""
    found: dict[str, Callable[[Message], None]] = {}
    if settings.webhook:
        found["webhook"] = lambda message: _webhook(message, settings, os.environ)
    if settings.mail_to:
        found["mail"] = lambda message: _mail(message, settings, os.environ)
    return found


def keep(message: Message, errors: Sequence[str], place: Path) -> None:
    """Append a message to a file of all that was told, and through what it could not be sent."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unsent = [f"not sent: {error}" for error in errors]
    lines = "".join(f"    {line}\n" for line in (*message.text.splitlines(), *unsent))
    with place.open("a", encoding="utf-8") as told:
        told.write(f"{message.sent_at:%Y-%m-%dT%H:%M:%SZ}  {message.subject}\n{lines}")
