-- One row a customer: its rhythm over two years, its money over the last year, and the net sales that the prediction `clv` expects of the
-- next three. `recent` is the last 90 days, `before` the 270 days before them. The usual gap is the median, which a single long holiday
-- does not move. Lines without a cost earn the usual margin.
-- (Money is added up as it is, and told in doubles at the end: so the sums are exact, and casting each row would take most of the time.)
with spaced as (
    select
        *,
        coalesce(bought_net > 0, false) as bought,
        cast(cast(net as double) * 100 as hugeint) as cents,
        day > {as_of} - 365 as this_year,
        day > {as_of} - 90 as recent,
        day <= {as_of} - 90 and day > {as_of} - 360 as before,
        case when bought_net > 0 then
            date_diff('day', lag(day) over (partition by account_id, coalesce(bought_net > 0, false) order by day), day)
        end as gap_days
    from facts.account_days
    where day > {as_of} - 730 and day <= {as_of}
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
        cast(coalesce(sum(earned) filter (where this_year), 0) as double) as yearly_earned,
        cast(coalesce(sum(uncosted) filter (where this_year), 0) as double) as yearly_uncosted,
        cast(coalesce(sum(net) filter (where recent), 0) as double) as recent_net,
        cast(coalesce(sum(net) filter (where before), 0) as double) as before_net,
        cast(coalesce(sum(cents * cents) filter (where recent), 0) as double) / 10000 as recent_squares,
        cast(coalesce(sum(cents * cents) filter (where before), 0) as double) / 10000 as before_squares
    from spaced
    group by account_id
),
earning as (
    select
        habits.* exclude (yearly_earned, yearly_uncosted),
        yearly_earned - (1 - cast(margin.rate as double)) * yearly_uncosted as yearly_profit,
        cast(margin.rate as double) as usual_margin
    from habits
    cross join acting.margin as margin
    where last_purchase_on is not null
)
select
    earning.* exclude (usual_margin),
    worth.sales as three_years_net,
    least(greatest(coalesce(yearly_profit / nullif(yearly_net, 0), usual_margin), 0), 1) as margin
from earning
left join main.account_values as worth on worth.account_id = earning.account_id and worth.valued_on = {as_of}
