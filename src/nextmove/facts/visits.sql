-- One row a web session, on its local day. What is not recorded as clicked was not clicked.
-- needs: web_sessions.started_at
select
    session.session_id,
    case when session.started_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
    session.source,
    session.campaign_id,
    session.landing_page,
    session.duration_seconds,
    coalesce(session.cta_clicked, false) as cta_clicked,
    session.lead_id is not null as brought_lead,
    session.lead_id,
    session.started_at
from main.web_sessions as session
join main.calendar as calendar on calendar.day = cast(session.started_at as date)
