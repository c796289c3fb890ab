-- One row a customer: its rhythm over two years, its money over the last year, and the net sales that the prediction `clv` expects of the
-- next three. `recent` is the last 90 days, `before` the 270 days
-- before them. The usual gap is the median, which a single long holiday does not move.
with spaced as (
    select
        visits.*,
        day > {as_of} - 365 as this_year,
        day > {as_of} - 90 as recent,
        day <= {as_of} - 90 and day > {as_of} - 360 as before,
        case when bought then date_diff('day', lag(day) over (partition by account_id, bought order by day), day) end as gap_days
    from acting.visits as visits
),
habits as (
    select
        account_id,
        max(day) filter (where bought) as last_purchase_on,
        date_diff('day', max(day) filter (where bought), {as_of}) as quiet_days,
        count(*) filter (where bought) as purchase_days,
        count(*) filter (where bought and this_year) as yearly_purchase_days,
        count(*) filter (where bought and recent) as recent_purchase_days,
        count(*) filter (where bought and before) as before_purchase_days,
        cast(quantile_cont(gap_days, 0.5) as double) as usual_gap_days,
        cast(coalesce(sum(net) filter (where this_year), 0) as double) as yearly_net,
        cast(coalesce(sum(profit) filter (where this_year), 0) as double) as yearly_profit,
        cast(coalesce(sum(net) filter (where recent), 0) as double) as recent_net,
        cast(coalesce(sum(net) filter (where before), 0) as double) as before_net,
        cast(coalesce(sum(cast(net as decimal(18, 2)) * cast(net as decimal(18, 2))) filter (where recent), 0) as double) as recent_squares,
        cast(coalesce(sum(cast(net as decimal(18, 2)) * cast(net as decimal(18, 2))) filter (where before), 0) as double) as before_squares
    from spaced
    group by account_id
)
select
    habits.*,
    worth.sales as three_years_net,
    least(greatest(coalesce(yearly_profit / nullif(yearly_net, 0), cast(margin.rate as double)), 0), 1) as margin
from habits
cross join acting.margin as margin
left join main.account_values as worth on worth.account_id = habits.account_id and worth.valued_on = {as_of}
where last_purchase_on is not null
