-- Seller time on each account by day, in seconds: on all of its deals, and on the account where an
-- act is on no deal. A deal without an account is a party of its own.
select
    coalesce(d.account_id, d.deal_id, w.account_id) as party,
    w.day,
    cast(sum(w.seconds) as bigint) as seconds,
    cast(sum(w.logged_seconds) as bigint) as logged_seconds
from features.work_days as w
left join core.deals as d on w.deal_id = d.deal_id
where coalesce(d.account_id, d.deal_id, w.account_id) is not null
group by coalesce(d.account_id, d.deal_id, w.account_id), w.day
