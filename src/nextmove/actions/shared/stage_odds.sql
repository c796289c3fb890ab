-- One row a stage: the share won of the decided deals that were ever in it, drawn towards the share of all deals where they are few.
with decided as (
    select opportunity_id, stage, case when status = 'won' then 1.0 else 0.0 end as won from main.opportunities where status in ('won', 'lost')
),
overall as (
    select (coalesce(sum(won), 0) + 1) / (count(*) + 2) as rate from decided
),
visited as (
    select opportunity_id, to_stage as stage from main.stage_changes
    union
    select opportunity_id, from_stage from main.stage_changes where from_stage is not null
    union
    select opportunity_id, stage from decided where stage is not null
)
select
    visited.stage,
    cast((sum(decided.won) + 5 * overall.rate) / (count(*) + 5) as double) as win_probability
from visited
join decided on decided.opportunity_id = visited.opportunity_id
cross join overall
group by visited.stage, overall.rate
union all
select null, cast(rate as double) from overall
