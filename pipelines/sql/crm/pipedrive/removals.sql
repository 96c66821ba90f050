-- Pipedrive deals that are no deals any more: deleted, archived, or merged into another.
with deals as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
        ) as key
    from raw.pipedrive_deal
),

latest as (
    select *
    from deals
    qualify row_number() over (
        partition by key
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

settled as (
    select
        *,
        case
            when status_word in ('open', 'won', 'lost') then status_word
            when won_at is null and lost_at is null then 'open'
            when lost_at is null or won_at > lost_at then 'won'
            else 'lost'
        end as state
    from (
        select
            *,
            lower(trim(status)) as status_word,
            coalesce(try_cast(won_time as timestamp), try_cast(first_won_time as timestamp))
                as won_at,
            try_cast(lost_time as timestamp) as lost_at,
            try_cast(close_time as timestamp) as closed_at,
            try_cast(stage_change_time as timestamp) as moved_at
        from latest
    )
),

merges as (
    select key, merged_into_id as survivor from latest where merged_into_id is not null
),

-- Merges chain; two steps back is as far as one export tells.
survivors as (
    select m.key, coalesce(n.survivor, m.survivor) as survivor
    from merges as m
    left join merges as n on m.survivor = n.key and n.survivor <> m.key
)

select
    'pipedrive' as source,
    'pipedrive:' || d.key as deal_id,
    case
        when s.key is not null then 'merged'
        when
            d.status_word = 'deleted'
            or coalesce('true' in (d.is_deleted, d.is_gone), false)
            or d.deleted_at is not null
            then 'deleted'
        else 'archived'
    end as why,
    d.state as status,
    'pipedrive:' || s.survivor as survivor_id
from settled as d
left join survivors as s on d.key = s.key
where
    s.key is not null
    or d.status_word = 'deleted'
    or coalesce('true' in (d.is_deleted, d.is_gone), false)
    or d.deleted_at is not null
    or coalesce(lower(d.archive_status), '') in ('archived', 'true', 'yes', '1')
