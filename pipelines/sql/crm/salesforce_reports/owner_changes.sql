-- Changes of a deal's owner by the Salesforce report on the history of fields, for deals of which
-- no export of the objects tells any. A name that users share stays a name. A line without an id
-- belongs to a deal only when its names fit one deal alone.
with changes as (
    select
        coalesce(f.opportunity_id, min(t.id)) as deal_id,
        f._file,
        f._line,
        try_cast(f.edited_at as timestamp) as changed_at,
        nullif(trim(f.edited_by), '') as changed_by,
        nullif(trim(f.old_value), '') as from_owner,
        nullif(trim(f.new_value), '') as to_owner
    from raw.salesforce_reports_field_history as f
    left join crm.salesforce_reports_deal_titles as t
        on
            f.opportunity_id is null
            and lower(trim(f.opportunity_name)) = t.title
            and (
                lower(trim(f.account_name)) = t.account
                or f.account_name is null
                or t.account is null
            )
    where
        regexp_replace(lower(f.field), '[^a-z]', '', 'g')
        in ('owner', 'opportunityowner', 'ownerid')
        and f.edited_at is not null
    group by
        f.opportunity_id, f._file, f._line, f.edited_at, f.edited_by, f.old_value, f.new_value
    having f.opportunity_id is not null or count(distinct t.id) = 1
),

single as (
    select distinct deal_id, changed_at, changed_by, from_owner, to_owner
    from changes
    where
        deal_id not in (
            select opportunity_id
            from raw.salesforce_opportunity_field_history
            where opportunity_id is not null and lower(field) in ('owner', 'ownerid')
            union all
            select id
            from raw.salesforce_opportunity
            where id is not null and version_start is not null
        )
)

select
    'salesforce' as source,
    'salesforce:' || s.deal_id as deal_id,
    s.changed_at,
    cast(epoch(s.changed_at) as bigint) as changed_sec,
    'salesforce:' || coalesce(f.id, s.from_owner) as from_seller_id,
    'salesforce:' || coalesce(t.id, s.to_owner) as to_seller_id,
    'salesforce:' || coalesce(b.id, s.changed_by) as changed_by,
    cast(null as boolean) as is_bulk
from single as s
left join crm.salesforce_reports_user_words as f on lower(s.from_owner) = f.word
left join crm.salesforce_reports_user_words as t on lower(s.to_owner) = t.word
left join crm.salesforce_reports_user_words as b on lower(s.changed_by) = b.word
