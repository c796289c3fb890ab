-- One row a stay of a deal in a stage: entered, left for another stage or by being decided. The first stage is entered at the deal's
-- creation; a change to the same stage (a new amount) is no entry. `later_day` is the day on which the deal came to any later stage or was won, ever after.
-- needs: stage_changes.to_stage
with firsts as (
    select opportunity_id, from_stage
    from (
        select opportunity_id, from_stage, row_number() over (partition by opportunity_id order by changed_at) as place
        from main.stage_changes
    ) as changes
    where place = 1
),
moves as (
    select deal.opportunity_id, deal.created_at as entered_at, case when firsts.opportunity_id is null then deal.stage else firsts.from_stage end as stage, 0 as place
    from main.opportunities as deal
    left join firsts on firsts.opportunity_id = deal.opportunity_id
    union all
    select opportunity_id, changed_at, to_stage, 1 as place
    from main.stage_changes
),
entries as (
    select opportunity_id, entered_at, stage, place
    from (
        select opportunity_id, entered_at, stage, place, lag(stage) over (partition by opportunity_id order by place, entered_at) as before
        from moves
        where stage is not null
    ) as ordered
    where before is null or before <> stage
),
stays as (
    select
        entry.opportunity_id, entry.stage, entry.entered_at,
        case when entry.entered_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
        lead(entry.entered_at) over (partition by entry.opportunity_id order by entry.place, entry.entered_at) as next_at,
        row_number() over (partition by entry.opportunity_id order by entry.place, entry.entered_at) as step,
        ranks.place as stage_place
    from entries as entry
    join main.calendar as calendar on calendar.day = cast(entry.entered_at as date)
    left join facts.stage_ranks as ranks on ranks.stage = entry.stage
),
further as (
    select earlier.opportunity_id, earlier.step, min(later.day) as later_day
    from stays as earlier
    join stays as later
        on later.opportunity_id = earlier.opportunity_id and later.step > earlier.step and later.stage_place > earlier.stage_place
    group by earlier.opportunity_id, earlier.step
)
select
    stay.opportunity_id,
    stay.stage,
    stay.day,
    stay.entered_at,
    case when stay.next_at is null or deal.closed_at < stay.next_at then deal.closed_at else stay.next_at end as left_at,
    case when further.later_day is null or (deal.status = 'won' and deal.closed_day < further.later_day)
        then case when deal.status = 'won' then deal.closed_day end
        else further.later_day
    end as later_day,
    deal.account_id,
    deal.rep_id,
    deal.team,
    deal.region,
    deal.segment,
    deal.source
from stays as stay
join facts.deals as deal on deal.opportunity_id = stay.opportunity_id
left join further on further.opportunity_id = stay.opportunity_id and further.step = stay.step
where deal.closed_at is null or stay.entered_at <= deal.closed_at
