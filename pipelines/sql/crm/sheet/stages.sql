-- Stages that sheets name, of deals and of their moves, in the order in which deals reach them. What
-- their names mean is for the rules to say.
with named as (
    select
        coalesce(
            id,
            concat_ws(' / ', lower(trim(account)), lower(trim(name)), cast(created_at as date))
        ) as source_id,
        coalesce(pipeline, 'default') as pipeline,
        unnest([stage, status, outcome]) as stage
    from raw.sheet_deal
),

moves as (
    select
        stage,
        row_number() over (
            partition by
                coalesce(deal_id, concat_ws(' / ', lower(trim(account)), lower(trim(deal))))
            order by changed_at
        ) as place
    from raw.sheet_stage_change
),

places as (
    select stage, cast(round(10 * avg(place)) as integer) as stage_order
    from moves
    group by stage
),

pipelines as (
    select distinct pipeline from named
),

words as (
    select pipeline, stage from named where stage is not null
    union
    select p.pipeline, m.stage from moves as m cross join pipelines as p
)

select
    'sheet' as source,
    w.pipeline,
    w.stage,
    o.stage_order,
    cast(null as boolean) as is_closed,
    cast(null as boolean) as is_won,
    cast(null as double) as crm_probability
from words as w
left join places as o on w.stage = o.stage
