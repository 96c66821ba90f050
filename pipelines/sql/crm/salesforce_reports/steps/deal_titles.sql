-- Every deal that an export of the objects or a report holds, by its names. A line of a report
-- without an id that fits one of the others is no deal of its own.
with account_names as (
    select id, min(lower(trim(name))) as name
    from raw.salesforce_account
    group by id
),

with_ids as (
    select distinct o.id, lower(trim(o.name)) as title, a.name as account
    from raw.salesforce_opportunity as o
    left join account_names as a on o.account_id = a.id
    where o.id is not null
    union
    select opportunity_id, lower(trim(opportunity_name)), lower(trim(account_name))
    from raw.salesforce_reports_opportunity
    where opportunity_id is not null
)

select id, title, account from with_ids
union
select r.id, r.title, r.account
from (
    select
        concat_ws(
            ' / ',
            nullif(trim(account_name), ''),
            trim(opportunity_name),
            cast(try_cast(created_date as date) as varchar)
        ) as id,
        lower(trim(opportunity_name)) as title,
        lower(trim(account_name)) as account
    from raw.salesforce_reports_opportunity
    where opportunity_id is null and trim(opportunity_name) <> ''
) as r
where
    not exists (
        select 1
        from with_ids as w
        where
            r.title = w.title
            and (r.account = w.account or r.account is null or w.account is null)
    )
