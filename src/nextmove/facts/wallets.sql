-- One row a period and active customer: what it bought, and what it could buy: the company's own figure for the days of the period; where there is none,
-- what customers like it (of its segment) buy at the 80th percentile, or itself where it buys more.
-- needs: order_lines.account_id
-- per: period
with bought as (
    select c.:period_id as period_id, sale.account_id, sum(sale.net) as net, max(sale.unpriced) as unpriced
    from facts.sales as sale
    join main.calendar as c on c.day = sale.day
    join periods as p on p.id = c.:period_id
    where sale.account_id is not null and sale.day < :seen
    group by c.:period_id, sale.account_id
),
placed as (
    select
        bought.*, account.segment, account.region, account.rep_id, rep.team,
        case when account.yearly_potential > 0
            then cast(account.yearly_potential as double) * date_diff('day', p.start_day, p.until) / 365 end as own_figure
    from bought
    join periods as p on p.id = bought.period_id
    left join main.accounts as account on account.account_id = bought.account_id
    left join main.reps as rep on rep.rep_id = account.rep_id
    where bought.net > 0
),
usual as (
    select period_id, segment, quantile_cont(cast(net as double), 0.8) as potential
    from placed
    group by period_id, segment
)
select
    placed.period_id, placed.account_id, placed.segment, placed.region, placed.rep_id, placed.team, placed.net, placed.unpriced,
    coalesce(placed.own_figure, greatest(usual.potential, cast(placed.net as double))) as potential
from placed
join usual on usual.period_id = placed.period_id and coalesce(usual.segment, '') = coalesce(placed.segment, '')
