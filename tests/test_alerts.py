"""Who is told of a night that went wrong: by real servers, once, and when it is over."""

import json
import os
import socketserver
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import ValidationError

from pipelines import alerts, channels
from pipelines.channels import ChannelError, Message
from pipelines.night import Night
from pipelines.unattended import Alerts

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
NIGHT = timedelta(days=1)
LATEST = 20_634  # 2026-06-30


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook(status=200):
    """A server that keeps what it is sent; gives its address and what it got."""
    got = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Taking)) as server:
        yield f"http://127.0.0.1:{server.server_port}/hook/s3cret", got


@contextmanager
def mail_server():
    """A mail server that takes everything; gives its port and the letters."""
    letters = []

    class Taking(socketserver.StreamRequestHandler):
        def say(self, line):
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self):
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self.say("354 go on")
                    body = []
                    while (part := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        body.append(part)
                    letters.append("\n".join(body))
                self.say("221 bye" if word == "QUIT" else "250 ok")
                if word == "QUIT":
                    return

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Taking)) as server:
        yield server.server_address[1], letters


@pytest.fixture
def night(tmp_path):
    """Makes a night of this home with these settings for alerts."""

    def made(exports=None, as_of=None, **told):
        lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
        place = tmp_path / "settings.toml"
        place.write_text("[alerts]\n" + "\n".join(lines), encoding="utf-8")
        return Night(
            exports=str(exports or tmp_path / "exports"),
            settings_path=str(place),
            home=str(tmp_path / "home"),
            as_of=as_of,
        )

    return made


@pytest.fixture
def warehouse(con):
    """A warehouse as the last good night left it."""
    con.execute(f"create table core.parameters as select {LATEST} as as_of_day")
    con.execute(
        "create table marts.checks as select 'model_has_drifted' as \"check\", true as passed, "
        "'none found' as detail"
    )
    return con


def failed(night, run="r1", step="core__deals", reason="Opportunity.csv, line 12: 'Kim'", **more):
    from pipelines.publish import note_failure

    note_failure(night.places, run, step, reason, **more)


def standing(night, con, now):
    return alerts.standing(night, con, now).alerts


def subjects(told):
    return [message.subject for message in told.messages]


def test_a_failure_is_told_once_reminded_of_and_told_to_be_over(night, warehouse):
    tonight = night()
    failed(tonight, "r1")
    assert subjects(alerts.tell(tonight, None, NOW)) == ["nodecision: failure"]
    # the same failure in other words of number
    failed(tonight, "r2", reason="Opportunity.csv, line 13: 'Kim'")
    assert subjects(alerts.tell(tonight, None, NOW + NIGHT)) == []
    assert subjects(alerts.tell(tonight, None, NOW + 7 * NIGHT)) == ["nodecision: failure"]
    failed(tonight, "r3", step="train")
    assert subjects(alerts.tell(tonight, None, NOW + 8 * NIGHT)) == ["nodecision: failure"]
    for note in tonight.places.failed.glob("*.json"):  # as a report does that tells of them
        said = json.loads(note.read_text(encoding="utf-8"))
        note.write_text(json.dumps(said | {"told_by": "a report"}), encoding="utf-8")
    over = alerts.tell(tonight, warehouse, NOW)
    assert subjects(over) == ["nodecision: over", "nodecision: over"]
    assert "No longer so: The night failed at core__deals." in over.messages[0].text
    assert subjects(alerts.tell(tonight, warehouse, NOW)) == []


def test_what_was_found_stays_at_home_unless_a_setting_sends_it(night):
    failed(night(), is_check=True, step="parameters_key")
    with webhook() as (address, got), environment(NODECISION_WEBHOOK_URL=address):
        alerts.tell(night(webhook=True, pages_at="https://here.example"), None, NOW)
        (path, kind, body) = got.pop()
        assert (path, kind) == ("/hook/s3cret", "application/json")
        assert (
            "*nodecision: blocking check*\nThe check parameters_key stopped the night."
            in (body["text"])
        )
        assert "Pages: https://here.example" in body["text"]
        assert "Kim" not in body["text"]
        alerts.tell(night(webhook=True, details=True), None, NOW + 30 * NIGHT)
        assert "Opportunity.csv, line 12: 'Kim'" in got.pop()[2]["text"]


@contextmanager
def environment(**named):
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def test_old_exports_and_drift_are_told(night, warehouse):
    tonight = night(stale_days=3)
    assert subjects(alerts.tell(tonight, warehouse, NOW + 2 * NIGHT)) == []
    told = alerts.tell(tonight, warehouse, NOW + 3 * NIGHT)
    assert subjects(told) == ["nodecision: stale exports"]
    assert "of 2026-06-30, 4 days ago" in told.messages[0].text
    # the next night they are a day older: no news
    assert subjects(alerts.tell(tonight, warehouse, NOW + 4 * NIGHT)) == []
    warehouse.execute("update marts.checks set passed = false, detail = 'moved stage'")
    told = alerts.tell(tonight, warehouse, NOW + 4 * NIGHT)
    assert subjects(told) == ["nodecision: drift"]
    assert "moved stage" not in told.messages[0].text
    warehouse.execute(f"update core.parameters set as_of_day = {LATEST + 4}")
    told = alerts.tell(tonight, warehouse, NOW + 4 * NIGHT)
    assert subjects(told) == ["nodecision: over"]


def test_the_sample_is_never_old_and_the_past_tells_nothing(night, warehouse):
    from pipelines.night import SAMPLE

    assert standing(night(exports=SAMPLE), warehouse, NOW + 99 * NIGHT) == ()
    replayed = night(as_of="2026-03-01")
    failed(replayed)
    assert alerts.tell(replayed, warehouse, NOW + 99 * NIGHT).messages == ()


def test_a_night_that_never_came_is_told(night):
    tonight = night(overdue_hours=36)
    published = tonight.places.published
    (published / "2026-06-30-abc").mkdir(parents=True)
    (published / "latest").symlink_to("2026-06-30-abc")
    ended = NOW.timestamp()
    os.utime(published / "latest", (ended, ended), follow_symlinks=False)
    assert standing(tonight, None, NOW + timedelta(hours=36)) == ()
    (alert,) = standing(tonight, None, NOW + timedelta(hours=37))
    assert alert.title == "No night has ended well for 37 hours, since 2026-07-01 02:00 UTC."
    assert standing(night(on=["failure"]), None, NOW + timedelta(hours=37)) == ()


def test_what_is_not_known_to_be_over_is_not_said_to_be(night, warehouse, con):
    """A night that was stopped has forgotten the verdicts, or made no table at all."""
    tonight = night(stale_days=365)
    warehouse.execute("update marts.checks set passed = false")
    assert subjects(alerts.tell(tonight, warehouse, NOW)) == ["nodecision: drift"]
    warehouse.execute("drop table marts.checks")
    assert subjects(alerts.tell(tonight, warehouse, NOW + NIGHT)) == []
    warehouse.execute("drop table core.parameters")
    assert subjects(alerts.tell(tonight, warehouse, NOW + NIGHT)) == []
    warehouse.execute(
        "create table marts.checks as select 'model_has_drifted' as \"check\", true as passed, "
        "'none found' as detail"
    )
    assert subjects(alerts.tell(tonight, warehouse, NOW + NIGHT)) == ["nodecision: over"]


def test_a_kind_that_is_switched_off_is_not_said_to_be_over(night):
    failed(night())
    assert subjects(alerts.tell(night(), None, NOW)) == ["nodecision: failure"]
    assert alerts.tell(night(on=["drift"]), None, NOW).messages == ()


def test_what_no_channel_took_is_told_again_and_no_secret_is_said(night):
    tonight = night(webhook=True)
    failed(tonight)
    assert alerts.tell(tonight, None, NOW).errors == (
        "webhook: NODECISION_WEBHOOK_URL is not set in the environment",
    )
    with environment(NODECISION_WEBHOOK_URL="http://hooks.example/s3cret"):
        (error,) = alerts.tell(tonight, None, NOW).errors
        assert error == "webhook: NODECISION_WEBHOOK_URL must begin with https://"
    for status in (500, 302):
        with webhook(status) as (address, got), environment(NODECISION_WEBHOOK_URL=address):
            assert alerts.tell(tonight, None, NOW).errors == (f"webhook: it answered {status}",)
            assert [path for path, *_ in got] == ["/hook/s3cret"]
    with environment(NODECISION_WEBHOOK_URL="http://127.0.0.1:1/s3cret"):
        (error,) = alerts.tell(tonight, None, NOW).errors
        assert error.startswith("webhook: ") and "s3cret" not in error
    with webhook() as (address, got), environment(NODECISION_WEBHOOK_URL=address):
        assert alerts.tell(tonight, None, NOW).errors == ()
        assert len(got) == 1
        assert alerts.tell(tonight, None, NOW).messages == ()
    kept = (tonight.places.alerts / "messages.txt").read_text(encoding="utf-8")
    assert "s3cret" not in kept
    assert "2026-07-01T02:00:00Z  nodecision: failure" in kept
    assert "not sent: webhook: it answered 500" in kept


def test_mail_arrives(night):
    with mail_server() as (port, letters):
        settings = {
            "mail_to": ["a@example.com", "b@example.com"],
            "mail_from": "n@example.com",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
        }
        failed(night())
        told = alerts.tell(night(**settings, smtp_security="none"), None, NOW)
        assert told.errors == ()
        (letter,) = letters
        assert "To: a@example.com, b@example.com" in letter
        assert "Subject: nodecision: failure" in letter
        assert "The night failed at core__deals." in letter
        # a server that cannot encrypt gets nothing where encryption is asked for
        with pytest.raises(ChannelError, match=r"^mail: 127\.0\.0\.1:"):
            channels.wanted(Alerts(**settings))["mail"](Message("s", "t", NOW))
        assert len(letters) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_to": ["a@example.com"]},
        {"mail_to": ["nobody"], "mail_from": "n@example.com", "smtp_host": "h"},
        {"mail_to": ["a@b.c\nBcc: d@e.f"], "mail_from": "n@example.com", "smtp_host": "h"},
        {"on": ["everything"]},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Alerts(**wrong)


def test_a_failed_night_tells_by_itself_and_a_dry_run_shows_it(tmp_path, command):
    """A check that stops the night, then the same again: one message, with the check's name."""
    exports, home, settings = (tmp_path / name for name in ("exports", "home", "s.toml"))
    exports.mkdir()
    (exports / "Opportunity.csv").write_text(
        "Id,AccountId,Name,StageName,CloseDate,CreatedDate,IsClosed,IsWon\n", encoding="utf-8"
    )
    settings.write_text("[alerts]\nwebhook = true\n", encoding="utf-8")
    asked = ("run", "--exports", exports, "--home", home, "--settings", settings)
    with webhook() as (address, got):
        told = os.environ | {"NODECISION_WEBHOOK_URL": address}
        for _ in range(2):
            assert command(*asked, env=told).returncode == 1
        ((_, _, body),) = got
        assert "nodecision: blocking check" in body["text"], body
        assert "The check parameters_key stopped the night." in body["text"]
        looked = command("doctor", "--home", home)
        assert "BAD  told and not over: The check parameters_key stopped" in looked.stdout
        (home / "alerts" / "told.json").unlink()
        dry = command("alerts", "--dry-run", *asked[3:], env=told)
        assert "The check parameters_key stopped the night." in dry.stdout
        assert (dry.returncode, len(got)) == (0, 1)
        assert command("alerts", "--test", *asked[3:], env=told).returncode == 0
        assert "This channel works." in got[-1][2]["text"]
