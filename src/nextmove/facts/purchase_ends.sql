-- Two rows an account and day on which it bought: the first purchase line of the day and the last one, with the buying days
-- around them. A life is read from these: the first day (no day before), a comeback (a long gap before), a departure (a long
-- gap after). Lines of one moment are ordered by order and line number. A row that is both first and last stands once.
-- needs: order_lines.account_id
-- rebuilt: account_id
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
    placed.campaign_id as own_campaign_id
from placed
join days on days.account_id = placed.account_id and days.day = placed.day
left join main.accounts as account on account.account_id = placed.account_id
left join main.reps as rep on rep.rep_id = placed.rep_id
where placed.opens_day or placed.closes_day
