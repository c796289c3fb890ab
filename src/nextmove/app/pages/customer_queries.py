"""What is asked about one customer. `{account}`, `{as_of}` and `{currency}` are filled in as SQL literals."""

ORDER_DAYS = """
select day from facts.sales
where account_id = {account} and is_purchase and day > {as_of} - interval '730 days'
group by day order by day
"""

MONTHS = """
with months as (
    select month, cast(month + interval '1 month' as date) <= cast({as_of} + interval '1 day' as date) as complete
    from (select distinct cast(date_trunc('month', day) as date) as month from main.calendar
          where day <= {as_of} and day > {as_of} - interval '2 years') as known
), sold as (
    select cast(date_trunc('month', day) as date) as month, sum(net) as net
    from facts.sales where account_id = {account} group by 1
)
select months.month, months.complete, coalesce(sold.net, 0) as net
from months left join sold on sold.month = months.month order by months.month
"""

# An item is stopped after twice its usual gap while the customer buys on, due after one; too few purchases tell nothing.
ITEMS = """
with days as (
    select product_id, day, sum(net) as net, sum(quantity) as quantity
    from facts.sales where account_id = {account} and product_id is not null and is_purchase group by product_id, day
), gaps as (
    select *, day - lag(day) over (partition by product_id order by day) as gap from days
), buyer as (
    select max(day) as last_day from days
), items as (
    select product_id, max(day) as last_day, count(*) as order_days, quantile_cont(gap, 0.5) as usual_gap_days,
           {as_of} - max(day) as quiet_days,
           sum(case when day > {as_of} - interval '1 year' then quantity else 0 end) as quantity_12m,
           sum(case when day > {as_of} - interval '1 year' then net else 0 end) as net_12m, sum(net) as net_ever
    from gaps group by product_id
)
select i.product_id, coalesce(p.name, i.product_id) as name, p.category, i.last_day, i.order_days, i.usual_gap_days, i.quiet_days,
       i.quantity_12m, i.net_12m,
       case when i.order_days < 3 then 'few'
            when i.quiet_days > 2 * greatest(i.usual_gap_days, 1)
                 and buyer.last_day - i.last_day > greatest(i.usual_gap_days, 1) then 'stopped'
            when i.quiet_days > greatest(i.usual_gap_days, 1) then 'due'
            else 'running' end as state
from items as i cross join buyer left join main.products as p on p.product_id = i.product_id
order by i.net_12m desc, i.net_ever desc, i.product_id limit 20
"""

INVOICES = """
select i.invoice_id, i.issued_on, i.due_on,
       cast((i.amount - case when i.paid_on is null then 0 else coalesce(i.paid_amount, i.amount) end)
            * case when coalesce(i.currency, {currency}) = {currency} then 1
                   else (select r.rate from main.exchange_rates as r
                         where r.currency = i.currency and r.day <= i.issued_on order by r.day desc limit 1)
              end as decimal(18, 2)) as open_amount,
       {as_of} - i.due_on as days_late
from main.invoices as i
where i.account_id = {account} and coalesce(i.kind, 'invoice') = 'invoice'
  and (i.paid_on is null or coalesce(i.paid_amount, i.amount) < i.amount)
order by i.due_on limit 40
"""

ACTIVITIES = """
select a.kind, a.started_at, coalesce(r.name, a.rep_id) as rep_name, a.outcome
from main.activities as a left join main.reps as r on r.rep_id = a.rep_id
where a.account_id = {account}
   or a.opportunity_id in (select o.opportunity_id from main.opportunities as o where o.account_id = {account})
order by a.started_at desc limit 20
"""

DEALS = """
select o.opportunity_id, coalesce(o.name, o.opportunity_id) as name, o.stage, o.status,
       cast(o.amount * case when coalesce(o.currency, {currency}) = {currency} then 1
            else (select r.rate from main.exchange_rates as r
                  where r.currency = o.currency and r.day <= cast(o.created_at as date) order by r.day desc limit 1)
            end as decimal(18, 2)) as amount,
       o.expected_close_on
from main.opportunities as o where o.account_id = {account}
order by case o.status when 'open' then 0 else 1 end, coalesce(o.closed_at, o.created_at) desc limit 15
"""
