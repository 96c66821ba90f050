"""What buyers do: decide, drift, come back to life, and send signs of it.

A buyer is engaged or drifting. Engaged buyers send signs of life, move on and decide; drifting ones
rarely answer, may say no, may wake up. Buyers whose deal the seller ended go on unseen; the first
sign from one of them is a return, and opens a new deal on the account.
"""

import numpy as np

from models import simulate_answers
from models.simulate_course import COMPETITOR, LAST_STAGE, NEVER, TOLD_NO, WON, Course, month_end
from models.simulate_dice import Flags, Floats, Ints

BOUND_DAYS = 28  # for which a kept promise binds on
LAPSE, WAKE, REFUSE, MURMUR = 0.016, 0.006, 0.0042, 0.011
TIRED_DAYS = 14
WIN = np.array([0.0, 0.003, 0.007, 0.014, 0.022, 0.038, 0.105, 0.28])
LOSE = np.array([0.006, 0.008, 0.011, 0.015, 0.019, 0.025, 0.05, 0.088])


def probability(rate: Floats) -> Floats:
    """Chance that something of this rate a day happens within the day."""
    chance: Floats = -np.expm1(-rate)
    return chance


def step(course: Course, day: int) -> None:
    """A business day of every buyer who has not decided."""
    d = course.deals
    alive = np.flatnonzero(d["alive"])
    is_engaged = d["engaged"][alive]
    rows, drifting = alive[is_engaged], alive[~is_engaged]

    wake, refuse, murmur = course.chances(drifting, ("wake", "refuse", "murmur"), day)
    quality, indecision = d["quality"][drifting], d["indecision"][drifting]
    tired = _tired(course, drifting, day)
    wakes = wake < probability(
        WAKE
        * np.exp(
            0.5 * quality
            + 0.3 * d["urgency"][drifting]
            - 0.3 * indecision
            + _lift(course, drifting, day)
            - tired
        )
    )
    stays = _stays(course, drifting)
    refuses = ~wakes & (
        refuse < probability(REFUSE * np.exp(0.3 * indecision - 0.4 * quality + stays))
    )
    murmurs = (
        ~wakes
        & ~refuses
        & d["open"][drifting]
        & (murmur < MURMUR * np.exp(-tired))
        & (d["first_life"][drifting] != NEVER)
    )

    lapse, sign = course.chances(rows, ("lapse", "sign"), day)
    options = d["quotes"][rows] + d["rivals"][rows]
    quality = d["quality"][rows]
    lapses = lapse < probability(
        LAPSE
        * np.exp(
            0.5 * d["indecision"][rows]
            - 0.35 * d["urgency"][rows]
            - 0.35 * quality
            + course.company.options_lapse * 0.15 * np.clip(options - 1, 0, 4)
            + _tired(course, rows, day)
            - _bound(course, rows, day)
        )
    )
    since = (day - np.maximum(d["life_on"][rows], d["created"][rows])) * 5 / 7
    expected_sign = np.minimum(0.045 * since * np.exp(0.15 * quality), 0.9)
    signs = ~lapses & (sign < expected_sign)

    woken, lapsed = drifting[wakes], rows[lapses]
    d["engaged"][woken] = True
    d["engaged"][lapsed] = False
    d["drift_on"][lapsed] = day
    d["drift_on"][woken] = NEVER

    # In order of number, as returns are numbered.
    showing = np.union1d(rows[signs], woken)
    is_open = d["open"][showing]
    _return(course, day, showing[~is_open])
    seen = showing[is_open]
    wakes_up = np.isin(seen, woken)
    _show_life(course, day, seen, wakes_up)
    _speak(
        course,
        day,
        drifting[murmurs],
        is_later=course.chance(drifting[murmurs], "vague", day) < 0.4,
    )
    open_lapsed = lapsed[d["open"][lapsed]]
    puts_off = open_lapsed[course.chance(open_lapsed, "puts off", day) < 0.3]
    _speak(course, day, puts_off, is_later=np.ones(puts_off.size, dtype=bool))
    _refuse(course, day, drifting[refuses])
    simulate_answers.fill(course, day, seen)
    _go_on(course, day, seen[~wakes_up])
    _keep_promises(course, day)


def _tired(course: Course, rows: Ints, day: int) -> Floats:
    """Log hazard ratio of drifting, and less of coming back, by the touches left unanswered."""
    d = course.deals
    tired = np.zeros(rows.size)
    if course.company.push_effect:
        for name in ("touch_1", "touch_2", "touch_3"):
            touched = d[name][rows]
            tired += (touched > d["life_on"][rows]) & (touched >= day - TIRED_DAYS)
    found: Floats = course.company.push_effect * tired
    return found


def _lift(course: Course, rows: Ints, day: int) -> Floats:
    """Log hazard ratio of waking up: what being let go does to a buyer."""
    d, company = course.deals, course.company
    let_go = ~d["open"][rows]
    is_fresh = day - d["closed_on"][rows] <= 30
    return_on = d["return_on"][rows]
    is_called = (return_on != NEVER) & (day >= return_on) & (day <= return_on + 30)
    has_begun = day - d["closed_on"][rows] >= company.effect_after_days
    lift: Floats = np.where(
        let_go,
        company.walk_effect * has_begun
        + company.bristle_effect * (course.good_fit(rows) & is_fresh)
        + company.return_effect * is_called,
        0.0,
    )
    return lift


def _bound(course: Course, rows: Ints, day: int) -> Floats:
    """Log hazard ratio of deciding: what a promise in force does to the buyer who gave it."""
    is_bound = (course.deals["bound_until"][rows] >= day).astype(np.float64)
    lift: Floats = course.company.promise_effect * is_bound
    return lift


def _stays(course: Course, rows: Ints) -> Floats:
    """Log hazard ratio of staying with the present supplier, 0 for buyers without one."""
    effect = course.company.incumbent_effect
    if effect == 0:
        return np.zeros(rows.size)
    has_one = course.has_incumbent(course.deals["account"][rows])
    return np.where(has_one, effect, 0.0)


def _return(course: Course, day: int, rows: Ints) -> None:
    """Accounts that were let go come back: a new deal takes the buyer over where they stood."""
    if not rows.size:
        return
    d = course.deals
    d["alive"][rows] = False
    seller = d["seller"][rows]
    gone = ~course.sellers.is_here(day)[seller]
    heirs = np.flatnonzero(course.sellers.is_here(day))
    if gone.any() and heirs.size:
        seller = np.where(gone, heirs[rows % heirs.size], seller)
    inherited = ("key", "account", "quality", "urgency", "indecision", "misfit", "source", "root")
    stage = np.clip(d["stage"][rows], 1, LAST_STAGE)
    amount = np.round(d["amount"][rows] * (0.8 + 0.4 * course.chance(rows, "amount", day)), -2)
    new = d.add(
        rows.size,
        **{name: d[name][rows] for name in inherited},
        seller=seller,
        parent=rows,
        created=day,
        amount=amount,
        start_stage=stage,
        start_engaged=True,
    )
    open_deals(course, day, new)
    course.note("return", day, new, rows)


def open_deals(course: Course, day: int, rows: Ints) -> None:
    """Put newly added deals on their way from the stage and state they start in."""
    d = course.deals
    d["stage"][rows] = d["start_stage"][rows]
    d["engaged"][rows] = d["start_engaged"][rows]
    d["drift_on"][rows[~d["engaged"][rows]]] = day
    d["stage_on"][rows] = day
    lead = course.dice.whole(d["key"][rows], "lead", 35, 95, day)
    d["expected"][rows] = month_end(day + lead)
    d["touch_next"][rows] = day + course.dice.whole(d["key"][rows], "first touch", 1, 4, day)
    course.note("create", day, rows, d["amount"][rows].astype(np.int64))
    course.note("expect", day, rows, d["expected"][rows])
    at_once = d["engaged"][rows] & (
        (d["parent"][rows] != NEVER) | (course.chance(rows, "at once", day) < 0.6)
    )
    _speak(course, day, rows[at_once], is_later=np.zeros(at_once.sum(), dtype=bool))


def _live(course: Course, day: int, rows: Ints) -> None:
    d = course.deals
    d["life_on"][rows] = day
    new = rows[d["first_life"][rows] == NEVER]
    d["first_life"][new] = day


def _speak(course: Course, day: int, rows: Ints, *, is_later: Flags) -> None:
    """Buyers reply; some of them say 'later', which is an indecision signal."""
    if not rows.size:
        return
    _live(course, day, rows)
    course.deals["replies"][rows] += 1
    course.note("reply", day, rows, is_later)
    course.said_later.append(rows[is_later])


def _show_life(course: Course, day: int, rows: Ints, wakes: Flags) -> None:
    """A reply or a meeting; now and then a new person, or a promise."""
    if not rows.size:
        return
    d = course.deals
    meet, join, promise, answer = course.chances(
        rows, ("meets", "joins", "promise", "answered"), day
    )
    meets = ~wakes & (meet < 0.2)
    _speak(course, day, rows[~meets], is_later=np.zeros((~meets).sum(), dtype=bool))
    _live(course, day, rows[meets])
    course.note("meeting", day, rows[meets])
    joined = rows[join < 0.07]
    d["contacts"][joined] += 1
    course.note("contact", day, joined, d["contacts"][joined])
    if course.company.mess.commitments:
        promises = (d["commit_due"][rows] == NEVER) & (promise < 0.07)
        made = rows[promises]
        d["commit_due"][made] = day + course.dice.whole(d["key"][made], "due", 6, 15, day)
        d["bound_until"][made] = d["commit_due"][made]
        course.note("promise", day, made, d["commit_due"][made])
    answered = rows[answer < 0.65]
    soon = day + course.dice.whole(d["key"][answered], "soon", 1, 2, day)
    d["touch_next"][answered] = np.minimum(d["touch_next"][answered], soon)


def _keep_promises(course: Course, day: int) -> None:
    d = course.deals
    rows = np.flatnonzero((d["commit_due"] != NEVER) & (d["commit_due"] <= day + 2))
    if not rows.size:
        return
    keeps = d["engaged"][rows] & d["open"][rows] & (course.chance(rows, "keeps", day) < 0.3)
    _live(course, day, rows[keeps])
    course.note("kept", day, rows[keeps], d["commit_due"][rows[keeps]])
    d["bound_until"][rows[keeps]] = day + BOUND_DAYS
    over = keeps | (d["commit_due"][rows] < day - 5)
    d["commit_due"][rows[over]] = NEVER


def _refuse(course: Course, day: int, rows: Ints) -> None:
    """Drifting buyers settle on nothing; most of them say so."""
    if not rows.size:
        return
    d = course.deals
    d["alive"][rows] = False
    tells = rows[d["open"][rows] & (course.chance(rows, "tells", day) < 0.65)]
    _speak(course, day, tells, is_later=np.zeros(tells.size, dtype=bool))
    d["close_next"][tells] = day + course.dice.whole(d["key"][tells], "closing", 0, 8, day)
    d["close_as"][tells] = TOLD_NO


def _go_on(course: Course, day: int, rows: Ints) -> None:
    """Engaged buyers who showed life today move on, weigh one more option, or decide."""
    if not rows.size:
        return
    d = course.deals
    advance, another, rival, decide = course.chances(
        rows, ("advance", "another quote", "rival", "decide"), day
    )
    advances = (advance < 0.5) & (d["stage"][rows] < LAST_STAGE)
    moved = rows[advances]
    before = d["stage"][moved]
    steps = 1 + (course.chance(moved, "skips", day) < 0.45)
    d["stage"][moved] = np.minimum(before + steps, LAST_STAGE)
    d["stage_on"][moved] = day
    course.note("stage", day, moved, d["stage"][moved])
    quoted = moved[(before < 6) & (d["stage"][moved] >= 6)]
    more = rows[(d["stage"][rows] >= 6) & (another < 0.12)]
    offered = np.union1d(quoted, more)
    d["quotes"][offered] += 1
    course.note("quote", day, offered, d["quotes"][offered])
    rivalled = rows[(d["rivals"][rows] < 3) & (rival < 0.05)]
    d["rivals"][rivalled] += 1
    course.note("rival", day, rivalled, d["rivals"][rivalled])

    stays = rows[~advances]
    stage, quality, misfit = d["stage"][stays], d["quality"][stays], d["misfit"][stays]
    options = np.clip(d["quotes"][stays] + d["rivals"][stays] - 1, 0, 4)
    tempted = d["rivals"][stays] > 0
    win = WIN[stage] * np.exp(
        0.4 * quality
        + 0.2 * d["urgency"][stays]
        - 0.3 * d["indecision"][stays]
        - course.company.options_lapse * 0.15 * options
        - 1.1 * misfit
        + course.sellers.skill[d["seller"][stays]]
        - _stays(course, stays)
    )
    lose = LOSE[stage] * np.exp(-0.4 * quality + 0.8 * tempted + 0.4 * misfit)
    bound = np.exp(_bound(course, stays, day) + simulate_answers.lift(course, stays))
    win, lose = course.company.decides * bound * win, course.company.decides * bound * lose
    lose = course.company.rivals_win * lose
    rate = win + lose
    total = probability(rate)
    draw = decide[~advances]
    decides = draw < total
    wins = decides & (draw < np.divide(total * win, rate, out=np.zeros(rate.shape), where=rate > 0))
    d["alive"][stays[decides]] = False
    course.close(day, stays[wins], WON)
    lost = stays[decides & ~wins]
    tells = course.chance(lost, "tells rival", day) < 0.85
    course.close(day, lost[tells], COMPETITOR)
