-- One row a call to a lead, else to an account (`called`), with the day on which an opportunity of theirs was created within 30 days after it.
-- needs: activities.kind
with deals as (
    select 'lead ' || lead_id as called, created_at, opportunity_id from main.opportunities where lead_id is not null
    union
    select 'lead ' || lead.lead_id, deal.created_at, deal.opportunity_id
    from main.leads as lead
    join main.opportunities as deal on deal.opportunity_id = lead.opportunity_id
    union
    select 'account ' || account_id, created_at, opportunity_id from main.opportunities where account_id is not null
),
calls as (
    select
        activity_id, started_at, day, rep_id, team, kind,
        case when lead_id is not null then 'lead ' || lead_id else 'account ' || account_id end as called
    from facts.activities
    where kind = 'call' and (lead_id is not null or account_id is not null)
),
followed as (
    select calls.activity_id, min(deals.created_at) as opportunity_at
    from calls
    join deals
        on deals.called = calls.called
        and deals.created_at >= calls.started_at
        and deals.created_at < calls.started_at + interval '720 hours'
    group by calls.activity_id
)
select
    calls.activity_id, calls.day, calls.rep_id, calls.team, calls.called,
    case when followed.opportunity_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as opportunity_day
from calls
left join followed on followed.activity_id = calls.activity_id
left join main.calendar as calendar on calendar.day = cast(followed.opportunity_at as date)
