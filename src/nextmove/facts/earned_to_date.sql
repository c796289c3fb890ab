-- One row a period, customer active in it and the dimensions of its purchases there; with the gross profit (net sales of lines without
-- cost) that the whole account had brought by the period's end.
-- needs: order_lines.account_id
-- per: period
with lines as (
    select
        c.:period_id as period_id, sale.account_id, sale.rep_id, sale.team, sale.region, sale.channel, sale.segment, sale.is_purchase,
        coalesce(sale.net - sale.cost, sale.net) as earned, sale.unpriced
    from facts.sales as sale
    join main.calendar as c on c.day = sale.day
    where sale.account_id is not null and sale.day < :seen
),
to_date as (
    select
        account_id,
        period_id,
        sum(sum(earned)) over (partition by account_id order by period_id) as to_date,
        max(max(unpriced)) over (partition by account_id order by period_id) as unpriced
    from lines
    group by account_id, period_id
),
active as (
    select distinct lines.period_id, lines.account_id, lines.rep_id, lines.team, lines.region, lines.channel, lines.segment
    from lines
    join periods as p on p.id = lines.period_id
    where lines.is_purchase
)
select
    active.period_id, active.account_id, active.rep_id, active.team, active.region, active.channel, active.segment,
    origin.source, origin.campaign_id, to_date.to_date, to_date.unpriced
from active
join to_date on to_date.account_id = active.account_id and to_date.period_id = active.period_id
join facts.purchase_ends as origin on origin.account_id = active.account_id
where origin.opens_day and origin.previous_day is null
