-- One row a period, campaign and recipient that something happened with, and what: reached by a mail, opened, clicked … in the period.
-- A campaign whose deliveries were never recorded reached those it was sent to without a bounce.
-- needs: email_events.event
-- per: period
with events as (
    select
        mail.day, mail.campaign_id, mail.recipient_id, mail.event,
        max(case when mail.event = 'delivered' then 1 else 0 end) over (partition by mail.campaign_id) as records_delivery
    from facts.mail_events as mail
    where mail.day < :seen
)
select
    c.:period_id as period_id,
    events.campaign_id,
    case
        when max(events.records_delivery) = 1 then max(case when events.event = 'delivered' then 1 else 0 end)
        else greatest(max(case when events.event = 'sent' then 1 else 0 end) - max(case when events.event = 'bounce' then 1 else 0 end), 0)
    end = 1 as reached,
    max(case when events.event = 'open' then 1 else 0 end) = 1 as opened,
    max(case when events.event = 'click' then 1 else 0 end) = 1 as clicked,
    max(case when events.event = 'reply' then 1 else 0 end) = 1 as replied,
    max(case when events.event = 'unsubscribe' then 1 else 0 end) = 1 as unsubscribed,
    max(case when events.event = 'convert' then 1 else 0 end) = 1 as converted
from events
join main.calendar as c on c.day = events.day
join periods as p on p.id = c.:period_id
group by c.:period_id, events.campaign_id, events.recipient_id
