"""What sellers do: open deals, touch buyers, push close dates, and let go, chase or wait."""

import numpy as np

from models.simulate_buyers import open_deals
from models.simulate_course import (
    CHASE,
    CLEANUP,
    DISQUALIFIED,
    LATER,
    NEVER,
    NO_PLAN,
    OVERSTAY,
    POLICIES,
    PUSH,
    SELLER_DROP,
    SILENCE,
    SILENT,
    SOURCE_QUALITY,
    SOURCES,
    WAIT,
    WALK,
    Course,
    month_end,
)
from models.simulate_dice import Flags, Floats, Ints

SILENCE_DAYS, GRACE, CHASE_DAYS = 14, 14, 90
# Longer in a stage than about four in five won deals needed.
OVERSTAY_DAYS = np.array([24, 28, 20, 20, 24, 21, 18, 33])
NATURAL, LET_GO, CHASED, KEPT = range(len(POLICIES))
DRIFT_AFTER = 0.6  # of the time
REPLICATE = 10_000_000  # more than there are prospects


def arrive(course: Course, day: int, first_prospect: int, sellers: Ints) -> None:
    """New prospects, one for each of `sellers`, from the endless list of prospects."""
    d, dice = course.deals, course.dice
    prospect = first_prospect + np.arange(sellers.size)
    misfit = dice.uniform(prospect, "misfit") < 0.28
    source = dice.whole(prospect, "source", 0, len(SOURCES) - 1)
    quality = dice.normal(prospect, "quality") * 0.9 + SOURCE_QUALITY[source] - 0.5 * misfit
    indecision = dice.normal(prospect, "indecision")
    company = course.company
    if day >= company.first_day + DRIFT_AFTER * (company.last_day - company.first_day):
        quality -= company.drift
        indecision += company.drift
    rows = d.add(
        sellers.size,
        key=prospect,
        account=_accounts(course, prospect),
        seller=sellers,
        created=day,
        amount=np.round(18_000 * np.exp(0.8 * dice.normal(prospect, "amount")), -2) + 500,
        source=source,
        quality=quality,
        urgency=dice.normal(prospect, "urgency"),
        indecision=indecision,
        misfit=misfit,
        start_stage=dice.whole(prospect, "start", 0, 1),
        start_engaged=dice.uniform(prospect, "answers") < 0.93,
    )
    d["root"][rows] = rows
    open_deals(course, day, rows)


def _accounts(course: Course, prospect: Ints) -> Ints:
    """Three in four prospects are new accounts; the others have been here before."""
    known = course.dice.uniform(prospect, "known") < 0.2
    earlier = np.floor(course.dice.uniform(prospect, "which") * prospect).astype(np.int64)
    return np.where(known & (prospect > 0), earlier, prospect)


def step(course: Course, day: int) -> None:
    """A business day of every seller on every open deal."""
    d = course.deals
    rows = np.flatnonzero(d["open"])
    for said in course.said_later:
        _signal(course, day, said[d["open"][said]], LATER)
    course.said_later.clear()
    _endings(course, day, rows)
    rows = rows[d["open"][rows]]
    _pushes(course, day, rows)
    _touches(course, day, rows)
    engaged = rows[d["engaged"][rows]]
    changed = engaged[course.chance(engaged, "reprice", day) < 0.008]
    factor = 0.7 + 0.5 * course.chance(changed, "price", day)
    price = np.round(d["amount"][changed] * factor, -2) + 100
    d["amount"][changed] = np.where(price == d["amount"][changed], price + 100, price)
    course.note("amount", day, changed, d["amount"][changed].astype(np.int64))
    if course.company.mess.same_stage_saves:
        saved = rows[course.chance(rows, "saved", day) < 0.004]
        course.note("save", day, saved)


def _silence(course: Course, rows: Ints, day: int) -> Ints:
    d = course.deals
    silence: Ints = day - np.maximum(d["life_on"][rows], d["created"][rows])
    return silence


def _pushes(course: Course, day: int, rows: Ints) -> None:
    """Expected close dates that come near without a decision are moved on, ever less often."""
    d = course.deals
    near = rows[d["expected"][rows] < day + 4]
    if not near.size:
        return
    pushes = near[course.chance(near, "push", day) < 0.25 * 0.75 ** d["pushes"][near]]
    ahead = day + course.dice.whole(d["key"][pushes], "ahead", 10, 75, day)
    d["expected"][pushes] = month_end(ahead)
    d["pushes"][pushes] += 1
    course.note("push", day, pushes, d["expected"][pushes])
    _signal(course, day, pushes[d["first_life"][pushes] != NEVER], PUSH)


def _touches(course: Course, day: int, rows: Ints) -> None:
    d = course.deals
    due = rows[d["touch_next"][rows] <= day]
    if not due.size:
        return
    d["touches"][due] += 1
    d["touch_3"][due], d["touch_2"][due] = d["touch_2"][due], d["touch_1"][due]
    d["touch_1"][due] = day
    silence = _silence(course, due, day)
    course.note("touch", day, due, silence)
    plan, signal_on = d["plan"][due], d["signal_on"][due]
    is_quiet = silence >= SILENCE_DAYS
    keys = d["key"][due]
    gap = course.dice.whole(keys, "gap", 7, 13, day)
    chasing = is_quiet & (plan == CHASE)
    slack = chasing & (day > signal_on + CHASE_DAYS + 7)
    waits = is_quiet & ((plan == WAIT) | ((plan == NO_PLAN) & (d["touches"][due] > 4)))
    for some, salt, low, high in (
        (chasing & ~slack, "chase gap", 8, 18),
        (slack, "slack gap", 25, 60),
        (waits, "wait gap", 40, 90),
    ):
        if some.any():
            gap[some] = course.dice.whole(keys[some], salt, low, high, day)
    pursued = chasing & ~slack
    gap[pursued] = np.maximum(gap[pursued] / course.company.chase_pace, 1)
    d["touch_next"][due] = day + gap


def notice(course: Course, day: int) -> None:
    """In the morning sellers see which deals were silent, or stayed, for too long by yesterday."""
    d = course.deals
    fresh = np.flatnonzero(d["open"] & (d["signal_on"] == NEVER) & (d["first_life"] != NEVER))
    silent = fresh[day - d["life_on"][fresh] > SILENCE_DAYS]
    _signal(course, day, silent, SILENCE, d["life_on"][silent] + SILENCE_DAYS)
    over_on = np.maximum(
        d["stage_on"][fresh] + OVERSTAY_DAYS[d["stage"][fresh]] + 1, d["first_life"][fresh]
    )
    stays = day > over_on
    _signal(course, day, fresh[stays], OVERSTAY, over_on[stays])


def _signal(course: Course, day: int, rows: Ints, kind: int, signal_on: Ints | None = None) -> None:
    """The first signal of each deal, and what its seller then makes up their mind to do."""
    if not rows.size:
        return
    d = course.deals
    new = d["signal_on"][rows] == NEVER
    dated = np.full(rows.size, day) if signal_on is None else signal_on
    rows, dated = rows[new], dated[new]
    if not rows.size:
        return
    d["signal_on"][rows] = dated
    d["signal"][rows] = kind
    chance = walk_chance(course, rows, kind)
    d["walk_chance"][rows] = chance
    walks = course.once(rows, "walks") < chance
    policy = d["policy"][rows]
    walks = np.where(policy == LET_GO, True, np.where(policy == NATURAL, walks, False))
    chase_odds = course.company.chase_odds + course.sellers.chase[d["seller"][rows]]
    chases = course.once(rows, "chases") < 1 / (1 + np.exp(-chase_odds))
    chases = chases | (policy == CHASED)
    d["plan"][rows] = np.where(walks, WALK, np.where(chases, CHASE, WAIT))
    delay = 1 + np.floor(11 * course.once(rows, "delay")).astype(np.int64)
    d["walk_on"][rows] = np.where(walks, np.maximum(dated + delay, day), NEVER)
    d["touch_next"][rows] = np.where(
        chases & ~walks, np.minimum(d["touch_next"][rows], day + delay), d["touch_next"][rows]
    )
    d["key"][rows] += REPLICATE * d["replicate"][rows]
    d["replicate"][rows] = 0


def walk_chance(course: Course, rows: Ints, kind: int) -> Floats:
    """The chance that a seller lets go at the signal: habit, and how bad the deal looks."""
    d, company = course.deals, course.company
    looks = (
        0.45 * (np.log1p(d["replies"][rows]) - 1.3)
        + 0.22 * (d["stage"][rows] - 2.5)
        + 0.35 * (d["contacts"][rows] - 1.3)
        + 0.35 * (np.log(d["amount"][rows]) - np.log(18_000))
        + 0.7 * SOURCE_QUALITY[d["source"][rows]]
        - (0.5 if kind == SILENCE else 0.0)
    )
    odds = (
        np.log(company.walk_share / (1 - company.walk_share))
        + course.sellers.walk[d["seller"][rows]]
        - company.confounding * looks
        - company.hidden_confounding * d["quality"][rows]
    )
    chance: Floats = 1 / (1 + np.exp(-odds))
    return chance


def _endings(course: Course, day: int, rows: Ints) -> None:
    """Every way in which a seller ends a deal, in the order in which they would come first."""
    if not course.company.closes:
        return
    d, sellers = course.deals, course.sellers
    told = rows[(d["close_next"][rows] != NEVER) & (d["close_next"][rows] <= day)]
    course.close(day, told, d["close_as"][told])
    rows = rows[d["open"][rows] & (d["close_next"][rows] == NEVER)]
    _walk(course, day, rows[(d["plan"][rows] == WALK) & (d["walk_on"][rows] <= day)])

    rows = rows[d["open"][rows] & (d["plan"][rows] != WALK)]
    signal_on, policy = d["signal_on"][rows], d["policy"][rows]
    is_early = (signal_on != NEVER) & (day <= signal_on + GRACE)
    is_held = (policy == CHASED) & (signal_on != NEVER) & (day <= signal_on + CHASE_DAYS)
    free = rows[~is_early & ~is_held]
    silence = _silence(course, free, day)
    seller = d["seller"][free]
    before = d["signal_on"][free] == NEVER
    misfit_rate = np.where(before & (d["stage"][free] <= 3), 0.002 * d["misfit"][free] + 0.0002, 0)
    late_walk = course.company.late_walk * np.exp(sellers.walk[seller])
    late_rate = np.where(~before & (silence >= 21), late_walk, 0.0)
    tidy_rate = np.where(silence >= 45, 0.011 * np.exp(sellers.tidy[seller]), 0.0)
    misfits, tidies, drops = course.chances(free, ("misfit", "tidies", "drops"), day)
    for hit, ending in (
        (misfits < misfit_rate + late_rate, DISQUALIFIED),
        (tidies < tidy_rate, SILENT),
        (drops < 0.00025, SELLER_DROP),
    ):
        _end_by_seller(course, day, free[hit & d["open"][free]], ending)

    if (sellers.leaves_on <= day).any():
        swept = rows[d["open"][rows] & ~is_held & (sellers.leaves_on[d["seller"][rows]] <= day)]
        course.close(day, swept, CLEANUP)


def _walk(course: Course, day: int, rows: Ints) -> None:
    """Planned walk-aways; some sellers change their mind when the buyer spoke in between."""
    if not rows.size:
        return
    d = course.deals
    spoke = d["life_on"][rows] > d["signal_on"][rows]
    doubts = course.once(rows, "doubts") < course.company.second_thoughts
    stays: Flags = spoke & doubts & (d["policy"][rows] == NATURAL)
    d["plan"][rows[stays]] = CHASE
    _end_by_seller(course, day, rows[~stays], DISQUALIFIED)


def _end_by_seller(course: Course, day: int, rows: Ints, ending: int) -> None:
    """A seller's own ending: the buyer has not decided, and lives on unseen.

    An engaged buyer objects, unless being let go is what makes them lose interest.
    """
    if not rows.size:
        return
    d, company = course.deals, course.company
    course.close(day, rows, ending)
    if ending == DISQUALIFIED:
        dated = course.once(rows, "dated") < 0.3
        later = day + course.dice.whole(d["key"][rows], "return date", 60, 180, day)
        d["return_on"][rows] = np.where(dated, later, NEVER)
    at_once = company.walk_effect if company.effect_after_days == 0 else 0.0
    lift = at_once + company.bristle_effect * course.good_fit(rows)
    cools = d["engaged"][rows] & (course.once(rows, "cools") >= np.exp(np.minimum(lift, 0.0)))
    d["engaged"][rows[cools]] = False
    d["drift_on"][rows[cools]] = day
