-- One row a stage that has later ones: its place in `stage_order`, else the order in which the company's deals usually come to it.
-- needs: stage_changes.to_stage
-- keep: view
with given as (
    select stage, place
    from (values :stage_places) as listed (stage, place)
    where stage is not null
),
seen as (
    select stage, avg(step) as mean_step
    from (
        select opportunity_id, stage, min(step) as step
        from (
            select opportunity_id, to_stage as stage, row_number() over (partition by opportunity_id order by changed_at) as step
            from main.stage_changes
            union all
            select opportunity_id, from_stage, 0
            from (
                select opportunity_id, from_stage, row_number() over (partition by opportunity_id order by changed_at) as step
                from main.stage_changes
            ) as firsts
            where step = 1 and from_stage is not null
        ) as steps
        group by opportunity_id, stage
    ) as first_steps
    group by stage
)
select stage, place from given
union all
select stage, row_number() over (order by mean_step, stage) as place
from seen
where not exists (select 1 from given)
