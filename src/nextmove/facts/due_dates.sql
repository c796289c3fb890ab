-- One row a day on which a customer was due to buy again: a purchase day plus the median of its gaps so far. `next_day` is when it did. A customer
-- without two gaps has no rhythm yet. Dimensions are those of the last purchase before.
-- needs: order_lines.account_id
-- rebuilt: account_id
-- until: next_day
select
    account_id,
    cast(bought_on + cast(ceil(usual_gap) as integer) as date) as day,
    bought_on, next_day, rep_id, team, region, country, channel, segment
from (
    select
        account_id, day as bought_on, next_day, rep_id, team, region, country, channel, segment,
        quantile_cont(date_diff('day', previous_day, day), 0.5) over (partition by account_id order by day rows between unbounded preceding and current row) as usual_gap,
        count(previous_day) over (partition by account_id order by day rows between unbounded preceding and current row) as gaps
    from facts.purchase_ends
    where closes_day
) as rhythm
where gaps >= 2
