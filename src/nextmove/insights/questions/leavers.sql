-- One row a customer that had bought within the window before :since: whether it left since then (its last purchase turned so old on
-- `departed_on`), what it had bought in the year before, and its traits. All traits are those of the day before :since, and what happened
-- to it is looked at over the half year up to its last purchase before that day: whoever stayed longer has not had more time for anything.
with base as (
    select account_id, max(day) as day, min(day) as first_day
    from facts.sales
    where is_purchase and day < :since
    group by account_id
    having cast(max(day) + interval ':churn_window_months months' as date) >= :since
),
ends as (
    select base.account_id, max(last_one.day) as last_day, max(case when last_one.departed_on is not null then last_one.departed_on end) as departed_on
    from base
    left join (
        select account_id, day,
            case
                when cast(day + interval ':churn_window_months months' as date) < :seen
                    and (next_day is null or next_day > cast(day + interval ':churn_window_months months' as date))
                    and cast(day + interval ':churn_window_months months' as date) >= :since
                then cast(day + interval ':churn_window_months months' as date)
            end as departed_on
        from facts.purchase_ends
        where closes_day and day < :seen
    ) as last_one on last_one.account_id = base.account_id
    group by base.account_id
),
marked as (
    select ends.account_id, ends.departed_on, base.first_day, base.day as known_day,
        case
            when ends.departed_on is null then ends.last_day
            else cast(ends.departed_on - interval ':churn_window_months months' as date)
        end as last_day
    from ends
    join base on base.account_id = ends.account_id
),
bought as (
    select marked.account_id,
        sum(case when sale.day > cast(marked.known_day - interval '12 months' as date) then sale.net else 0 end) as year_net,
        count(distinct sale.order_id) as orders,
        count(distinct sale.product_id) as products,
        sum(case when sale.status = 'returned' and sale.day > marked.known_day - 182 then 1 else 0 end) as returns,
        min(sale.rep_id) <> max(sale.rep_id) as other_rep
    from marked
    join facts.sales as sale on sale.account_id = marked.account_id and sale.day <= marked.known_day
    group by marked.account_id
),
categories as (
    select account_id, category, row_number() over (partition by account_id order by net desc, category) as place
    from (
        select sale.account_id, sale.category, sum(sale.net) as net
        from facts.sales as sale
        join marked on marked.account_id = sale.account_id and sale.day <= marked.known_day
        where sale.category is not null
        group by sale.account_id, sale.category
    ) as sums
),
late as (
    select delivery.account_id, sum(case when delivery.on_time_in_full then 0 else 1 end) as late
    from facts.deliveries as delivery
    join marked on marked.account_id = delivery.account_id and delivery.day <= marked.known_day and delivery.day > marked.known_day - 182
    group by delivery.account_id
),
calls as (
    select activity.account_id, count(*) as contacts
    from facts.activities as activity
    join marked on marked.account_id = activity.account_id and activity.day <= marked.known_day and activity.day > marked.known_day - 182
    where activity.customer_facing
    group by activity.account_id
)
select
    marked.account_id, account.name, account.rep_id, marked.departed_on is not null as left_us, marked.departed_on, marked.last_day,
    cast(bought.year_net as double) as year_net,
    account.segment, account.industry, account.company_size, account.region, account.channel, account.rep_id as rep,
    categories.category,
    case
        when marked.known_day - marked.first_day < 365 then 'first_year' when marked.known_day - marked.first_day < 1095 then 'to_three_years'
        else 'longer'
    end as tenure,
    case when bought.products = 1 then 'one' when bought.products <= 3 then 'few' else 'many' end as breadth,
    case when bought.orders = 1 then 'one' when bought.orders <= 4 then 'few' else 'many' end as orders,
    case when bought.returns > 0 then 'yes' else 'no' end as returned,
    case when late.account_id is null then null when late.late > 0 then 'yes' else 'no' end as late_delivery,
    case when bought.other_rep then 'yes' else 'no' end as rep_changed,
    case when coalesce(calls.contacts, 0) = 0 then 'none' when calls.contacts <= 2 then 'few' else 'many' end as contacts
from marked
join bought on bought.account_id = marked.account_id
left join main.accounts as account on account.account_id = marked.account_id
left join categories on categories.account_id = marked.account_id and categories.place = 1
left join late on late.account_id = marked.account_id
left join calls on calls.account_id = marked.account_id
