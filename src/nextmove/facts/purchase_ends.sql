-- One row for the first and one for the last purchase line of each day on which an account bought, with the buying days around
-- it; a line that is both stands once. A customer's life is read from these: the first day (no day before), a comeback (a long
-- gap before), a departure (a long gap after). `source` and `campaign_id` are the customer's: of its oldest lead that has one and was
-- created by the first purchase; the first purchase's own campaign goes first.
-- needs: order_lines.account_id
-- rebuilt: account_id
-- until: next_day
with days as (
    select
        account_id,
        day,
        lag(day) over (partition by account_id order by day) as previous_day,
        lead(day) over (partition by account_id order by day) as next_day
    from facts.day_ends
    where opens_day
),
firsts as (
    select placed.account_id, placed.ordered_at, placed.campaign_id
    from facts.day_ends as placed
    join days on days.account_id = placed.account_id and days.day = placed.day
    where placed.opens_day and days.previous_day is null
),
sources as (
    select lead.account_id, lead.source, row_number() over (partition by lead.account_id order by lead.created_at, lead.lead_id) as place
    from main.leads as lead
    join firsts on firsts.account_id = lead.account_id
    where lead.source is not null and lead.created_at <= firsts.ordered_at
),
campaigns as (
    select lead.account_id, lead.campaign_id, row_number() over (partition by lead.account_id order by lead.created_at, lead.lead_id) as place
    from main.leads as lead
    join firsts on firsts.account_id = lead.account_id
    where lead.campaign_id is not null and lead.created_at <= firsts.ordered_at
)
select
    placed.account_id,
    placed.day,
    days.previous_day,
    days.next_day,
    placed.opens_day,
    placed.closes_day,
    placed.rep_id,
    rep.team,
    placed.region,
    account.country,
    placed.channel,
    account.segment,
    account.industry,
    sources.source,
    coalesce(firsts.campaign_id, campaigns.campaign_id) as campaign_id
from facts.day_ends as placed
join days on days.account_id = placed.account_id and days.day = placed.day
join firsts on firsts.account_id = placed.account_id
left join sources on sources.account_id = placed.account_id and sources.place = 1
left join campaigns on campaigns.account_id = placed.account_id and campaigns.place = 1
left join main.accounts as account on account.account_id = placed.account_id
left join main.reps as rep on rep.rep_id = placed.rep_id
