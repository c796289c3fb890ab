-- One row an activity, on its local day. One without a duration takes no time, not a usual time.
-- needs: activities.kind
select
    activity.activity_id,
    activity.started_at,
    case when activity.started_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
    activity.rep_id,
    rep.team,
    activity.account_id,
    activity.lead_id,
    activity.opportunity_id,
    activity.kind,
    activity.direction,
    activity.duration_minutes as minutes,
    activity.kind in (:customer_facing_kinds) as customer_facing
from main.activities as activity
join main.calendar as calendar on calendar.day = cast(activity.started_at as date)
left join main.reps as rep on rep.rep_id = activity.rep_id
