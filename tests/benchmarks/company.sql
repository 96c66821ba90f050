-- What is true of a deal, an act or a person of the company, from their numbers alone. `sellers`,
-- `accounts` and `last_day` are macros that company.py makes first; days count from 1 November 2023.

-- A whole number from 0 to `upto` - 1 that a seed and a number decide.
create macro draw(seed, number, upto) as cast(hash(seed, number) % upto as bigint);

-- An id of 18 characters; the three letters behind say which of the first 15 are capitals.
create macro sf_id(prefix, number, behind) as
    prefix || lpad(cast(number as varchar), 12, '0') || behind;

-- Work is done on weekdays; the first day is a Wednesday.
create macro workday(day) as day - greatest((day + 2) % 7 - 4, 0);
create macro day_text(day) as cast(date '2023-11-01' + cast(day as integer) as varchar);
create macro moment(day, seed, number) as
    day_text(day) || 'T' || cast(
        time '08:00:00' + to_seconds(draw(seed, number, 36000)) as varchar
    ) || '.000Z';

create macro owner(deal) as draw('owner', deal, sellers());
create macro account(deal) as draw('account', deal, accounts());
create macro skill(deal) as draw('skill', owner(deal), 120);
create macro amount(deal) as 1000 * (2 + draw('amount', deal, 40) * (1 + draw('large', deal, 9)));
create macro born(deal) as workday(draw('born', deal, last_day()));

-- How a deal ends when it may: a better seller wins more, a larger deal less often.
create macro luck(deal) as
    draw('fate', deal, 1000) + 60 - skill(deal) + draw('large', deal, 9) * 8;
create macro fate(deal) as case
    when luck(deal) < 260 then 'won'
    when luck(deal) < 480 then 'competitor'
    when luck(deal) < 860 then 'no decision'
    else 'let go'
end;
create macro life(deal) as case fate(deal)
    when 'won' then 30 + draw('life', deal, 120)
    when 'competitor' then 30 + draw('life', deal, 150)
    when 'no decision' then 70 + draw('life', deal, 200)
    else 20 + draw('life', deal, 90)
end;

-- Days in which the buyer answers; a deal that nobody decides goes quiet long before its end.
create macro warm(deal) as case fate(deal)
    when 'won' then life(deal)
    when 'competitor' then life(deal) * 9 // 10
    when 'no decision' then life(deal) * (20 + draw('warm', deal, 40)) // 100
    else life(deal) * (40 + draw('warm', deal, 40)) // 100
end;
create macro ends(deal) as workday(born(deal) + life(deal));
create macro is_closed(deal) as ends(deal) <= last_day();

-- A deal is saved eight times, when it is made, six times while it is open, and when it ends.
create macro saved_on(deal, save) as case save
    when 0 then born(deal)
    when 7 then ends(deal)
    else least(workday(born(deal) + 1 + life(deal) * save // 7), ends(deal))
end;
create macro depth(deal) as case fate(deal)
    when 'won' then 4
    when 'competitor' then 2 + draw('depth', deal, 3)
    when 'no decision' then 1 + draw('depth', deal, 4)
    else draw('depth', deal, 3)
end;
create macro open_stage(deal, save) as list_extract(
    ['Prospecting', 'Qualification', 'Needs Analysis', 'Proposal/Price Quote',
        'Negotiation/Review'],
    1 + least(depth(deal), save * 5 // 6)
);
create macro closed_stage(deal) as
    case when fate(deal) = 'won' then 'Closed Won' else 'Closed Lost' end;
create macro stage(deal, save) as
    case when save = 7 then closed_stage(deal) else open_stage(deal, save) end;
create macro last_save(deal) as
    case when is_closed(deal) then 7
        else greatest(least((last_day() - born(deal) - 1) * 7 // life(deal), 6), 0) end;
create macro close_on(deal, save) as case
    when save = 7 then ends(deal)
    else born(deal) + 45 + draw('plan', deal, 60) + 30 * case fate(deal)
        when 'no decision' then save // 2
        when 'let go' then 0
        else save // 5
    end
end;
create macro amount_at(deal, save) as
    amount(deal) * case when save > 2 and deal % 3 = 0 then 11 else 10 end // 10;
create macro reason(deal) as case
    when draw('told', deal, 100) < 12 then null
    else list_extract(
        case fate(deal)
            when 'competitor' then ['Lost to competitor', 'Price', 'Missing features']
            when 'no decision' then ['No response', 'No budget', 'Project postponed']
            else ['Not a fit', 'Disqualified', 'Not qualified']
        end,
        1 + draw('reason', deal, 3)
    )
end;

-- The deal of an act, and the day of it: the buyer's own acts end when they go quiet.
create macro deal_of(act, deals) as (act * 7919 + 13) % deals;
create macro ours_on(act, deal) as workday(born(deal) + 1 + draw('day', act, life(deal)));
create macro theirs_on(act, deal) as workday(born(deal) + 1 + draw('day', act, warm(deal)));
