-- One row a period, customer active in it and the dimensions of its purchases there; with what the whole account had brought by the period's
-- end (gross profit, net sales of lines without cost; and net sales), and what it was expected to bring in the 36 months after the last
-- valuation by then (empty where there was none). `won` marks customers whose first purchase ever falls in the period; `won_channel` is its channel.
-- needs: order_lines.account_id
-- per: period
with to_date as ( -- What came before the first period that is asked stands in the one before it: it is told as a sum so far.
    select
        account_id,
        period_id,
        sum(sum(earned)) over (partition by account_id order by period_id) as profit_to_date,
        sum(sum(net)) over (partition by account_id order by period_id) as sales_to_date,
        max(max(unpriced)) over (partition by account_id order by period_id) as unpriced
    from (
        select greatest(c.:period_id, :first_id - 1) as period_id, bought.account_id, bought.earned, bought.net, bought.unpriced
        from facts.account_days as bought
        join main.calendar as c on c.day = bought.day
        where bought.day < :seen
    ) as bought
    group by account_id, period_id
),
active as (
    select distinct
        p.id as period_id, p.start_day, sale.account_id, sale.rep_id, sale.team, sale.region, sale.channel, sale.segment
    from facts.sales as sale
    join main.calendar as c on c.day = sale.day
    join periods as p on p.id = c.:period_id
    where sale.is_purchase and sale.day < :seen
),
valued as (
    select p.id as period_id, max(valuation.valued_on) as valued_on
    from periods as p
    join (select distinct valued_on from main.account_values) as valuation on valuation.valued_on < p.until
    group by p.id
)
select
    active.period_id, active.account_id, active.rep_id, active.team, active.region, active.channel, active.segment,
    origin.source, origin.campaign_id, origin.channel as won_channel, origin.day >= active.start_day as won,
    to_date.profit_to_date, to_date.sales_to_date, to_date.unpriced,
    worth.profit, worth.sales, worth.profit_discounted, worth.sales_discounted
from active
join to_date on to_date.account_id = active.account_id and to_date.period_id = active.period_id
join facts.purchase_ends as origin on origin.account_id = active.account_id
left join valued on valued.period_id = active.period_id
left join main.account_values as worth on worth.account_id = active.account_id and worth.valued_on = valued.valued_on
where origin.opens_day and origin.previous_day is null
