-- One row a period and active customer: what it bought, and what it could buy: the company's own figure for the days of the period; where there is none,
-- what its look-alikes buy at the 80th percentile, or itself where it buys more. Look-alikes are the customers that bought in the period, of the same
-- segment, size, industry and place (country; region where none is told); where these are fewer than five, of the same segment, size and industry, then
-- of segment and size, then of segment alone, then all. What is not told of a customer is alike where it is not told either; a size that is a plain
-- number (of employees) is told by its band.
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
traits as (
    select
        customer.account_id, account.segment, account.industry, coalesce(account.country, account.region) as place,
        case
            when not regexp_matches(account.company_size, '^[0-9]{1,9}$') then account.company_size
            when cast(account.company_size as integer) < 10 then 'below 10'
            when cast(account.company_size as integer) < 50 then 'below 50'
            when cast(account.company_size as integer) < 250 then 'below 250'
            when cast(account.company_size as integer) >= 250 then '250 and more'
        end as size
    from (select distinct account_id from bought) as customer
    left join main.accounts as account on account.account_id = customer.account_id
),
likeness as ( -- Groups by number, from the narrowest to all.
    select
        account_id,
        dense_rank() over (order by segment, size, industry, place) as group_4,
        dense_rank() over (order by segment, size, industry) as group_3,
        dense_rank() over (order by segment, size) as group_2,
        dense_rank() over (order by segment) as group_1
    from traits
),
placed as (
    select
        bought.*, account.segment, account.region, account.rep_id, rep.team,
        likeness.group_1, likeness.group_2, likeness.group_3, likeness.group_4,
        case when account.yearly_potential > 0
            then cast(account.yearly_potential as double) * date_diff('day', p.start_day, p.until) / 365 end as own_figure
    from bought
    join periods as p on p.id = bought.period_id
    join likeness on likeness.account_id = bought.account_id
    left join main.accounts as account on account.account_id = bought.account_id
    left join main.reps as rep on rep.rep_id = account.rep_id
    where bought.net > 0
),
as_4 as (select period_id, group_4, quantile_cont(cast(net as double), 0.8) as potential from placed group by period_id, group_4 having count(*) >= 5),
as_3 as (select period_id, group_3, quantile_cont(cast(net as double), 0.8) as potential from placed group by period_id, group_3 having count(*) >= 5),
as_2 as (select period_id, group_2, quantile_cont(cast(net as double), 0.8) as potential from placed group by period_id, group_2 having count(*) >= 5),
as_1 as (select period_id, group_1, quantile_cont(cast(net as double), 0.8) as potential from placed group by period_id, group_1 having count(*) >= 5),
as_0 as (select period_id, quantile_cont(cast(net as double), 0.8) as potential from placed group by period_id)
select
    placed.period_id, placed.account_id, placed.segment, placed.region, placed.rep_id, placed.team, placed.net, placed.unpriced,
    coalesce(
        placed.own_figure,
        greatest(coalesce(as_4.potential, as_3.potential, as_2.potential, as_1.potential, as_0.potential), cast(placed.net as double))
    ) as potential
from placed
join as_0 on as_0.period_id = placed.period_id
left join as_1 on as_1.period_id = placed.period_id and as_1.group_1 = placed.group_1
left join as_2 on as_2.period_id = placed.period_id and as_2.group_2 = placed.group_2
left join as_3 on as_3.period_id = placed.period_id and as_3.group_3 = placed.group_3
left join as_4 on as_4.period_id = placed.period_id and as_4.group_4 = placed.group_4
