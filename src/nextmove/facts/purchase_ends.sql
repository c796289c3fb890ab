-- One row for the first and one for the last purchase line of each day on which an account bought, with the buying days around
-- it; a line that is both stands once. A customer's life is read from these: the first day (no day before), a comeback (a long
-- gap before), a departure (a long gap after). Lines of one moment are ordered by order and line number. `source` and `campaign_id`
-- are the customer's: of its oldest lead that has one and was created by the first purchase; the first purchase's own campaign goes first.
-- needs: order_lines.account_id
-- rebuilt: account_id
-- until: next_day
with orders as (
    select
        account_id, day, ordered_at, order_id, rep_id, region, channel, campaign_id,
        min(line_no) as first_line, max(line_no) as last_line
    from facts.sales
    where is_purchase
    group by account_id, day, ordered_at, order_id, rep_id, region, channel, campaign_id
),
placed as (
    select
        orders.*,
        row_number() over (partition by account_id, day order by ordered_at, order_id, first_line) = 1 as opens_day,
        row_number() over (partition by account_id, day order by ordered_at desc, order_id desc, last_line desc) = 1 as closes_day
    from orders
),
days as (
    select
        account_id,
        day,
        lag(day) over (partition by account_id order by day) as previous_day,
        lead(day) over (partition by account_id order by day) as next_day
    from (select distinct account_id, day from orders) as distinct_days
),
firsts as (
    select placed.account_id, placed.ordered_at, placed.campaign_id
    from placed
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
from placed
join days on days.account_id = placed.account_id and days.day = placed.day
join firsts on firsts.account_id = placed.account_id
left join sources on sources.account_id = placed.account_id and sources.place = 1
left join campaigns on campaigns.account_id = placed.account_id and campaigns.place = 1
left join main.accounts as account on account.account_id = placed.account_id
left join main.reps as rep on rep.rep_id = placed.rep_id
where placed.opens_day or placed.closes_day
