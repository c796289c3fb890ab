-- One row an e-mail event, on its local day. Mails without a campaign are one campaign.
-- needs: email_events.event
-- keep: view
select
    mail.event_id,
    case when mail.happened_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
    mail.campaign_id,
    mail.recipient_id,
    mail.event
from main.email_events as mail
join main.calendar as calendar on calendar.day = cast(mail.happened_at as date)
