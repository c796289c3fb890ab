-- One row a finished stay in a stage of a deal that was won, in days. A change of amount within a stage ends no stay.
with moves as (
    select
        changes.opportunity_id,
        changes.changed_at,
        changes.to_stage,
        changes.from_stage,
        lead(changes.changed_at) over (partition by changes.opportunity_id order by changes.changed_at) as left_at,
        row_number() over (partition by changes.opportunity_id order by changes.changed_at) as step
    from main.stage_changes as changes
    where changes.from_stage is distinct from changes.to_stage
),
stays as (
    select opportunity_id, to_stage as stage, changed_at as entered_at, left_at from moves
    union all
    select moves.opportunity_id, moves.from_stage, deal.created_at, moves.changed_at
    from moves
    join main.opportunities as deal on deal.opportunity_id = moves.opportunity_id
    where moves.step = 1 and moves.from_stage is not null
)
select stays.stage, date_diff('hour', stays.entered_at, coalesce(stays.left_at, deal.closed_at)) / 24.0 as stay_days
from stays
join main.opportunities as deal on deal.opportunity_id = stays.opportunity_id
where deal.status = 'won' and coalesce(stays.left_at, deal.closed_at) >= stays.entered_at
