-- One row a thing that a representative did since :first, with its value, by measure. A chance-free comparison needs things that can be
-- counted one by one: deals, orders, leads, customers, whole weeks.
select 'win_rate' as measure, rep_id, case when won then 1.0 else 0.0 end as value
from facts.deals_decided where day >= :first and day < :seen
union all
select 'deal_size', rep_id, cast(amount as double)
from facts.deals_decided where won and amount is not null and day >= :first and day < :seen
union all
select 'response_hours', rep_id, cast(response_hours as double)
from facts.leads where response_hours is not null and response_day >= :first and response_day < :seen
union all
select 'discount', rep_id, 1 - cast(sum(net) as double) / nullif(cast(sum(list) as double), 0)
from facts.sales where status = 'completed' and list is not null and day >= :first and day < :seen
group by rep_id, order_id having sum(list) > 0
union all
select 'margin', rep_id, cast(sum(net - cost) as double) / nullif(cast(sum(net) as double), 0)
from facts.sales where status = 'completed' and cost is not null and day >= :first and day < :seen
group by rep_id, order_id having sum(net) > 0
union all
select 'order_size', rep_id, cast(sum(net) as double)
from facts.sales where status = 'completed' and day >= :first and day < :seen
group by rep_id, order_id
union all
select 'products', rep_id, cast(count(distinct product_id) as double)
from facts.sales where is_purchase and day >= :first and day < :seen
group by rep_id, account_id
union all
select 'calls', weeks.rep_id, cast(coalesce(calls.calls, 0) as double)
from (
    select busy.rep_id, calendar.week_id
    from (select rep_id, min(day) as from_day, max(day) as to_day from facts.activities where day >= :first and day < :seen group by rep_id) as busy
    join main.calendar as calendar on calendar.day between busy.from_day and busy.to_day
    group by busy.rep_id, calendar.week_id
    having count(*) = 7
) as weeks
left join (
    select activity.rep_id, calendar.week_id, count(*) as calls
    from facts.activities as activity
    join main.calendar as calendar on calendar.day = activity.day
    where activity.kind = 'call' and activity.day >= :first and activity.day < :seen
    group by activity.rep_id, calendar.week_id
) as calls on calls.rep_id = weeks.rep_id and calls.week_id = weeks.week_id
union all
select concat('method ', methods.contact_method), orders.rep_id, case when orders.contact_method = methods.contact_method then 1.0 else 0.0 end
from (
    select rep_id, order_id, min(contact_method) as contact_method
    from facts.sales where status = 'completed' and contact_method is not null and day >= :first and day < :seen
    group by rep_id, order_id
) as orders
cross join (
    select contact_method from facts.sales
    where status = 'completed' and contact_method is not null and day >= :first and day < :seen
    group by contact_method order by count(distinct order_id) desc, contact_method limit 5
) as methods
union all
select concat('category ', categories.category), buyers.rep_id, case when bought.account_id is not null then 1.0 else 0.0 end
from (select distinct rep_id, account_id from facts.sales where is_purchase and day >= :first and day < :seen) as buyers
cross join (
    select category from facts.sales
    where is_purchase and category is not null and day >= :first and day < :seen
    group by category order by sum(net) desc, category limit 6
) as categories
left join (
    select distinct rep_id, account_id, category from facts.sales where is_purchase and day >= :first and day < :seen
) as bought
    on bought.rep_id = buyers.rep_id and bought.account_id = buyers.account_id and bought.category = categories.category
