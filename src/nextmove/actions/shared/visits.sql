-- One row a customer and day with order lines, of the last two years: what the day brought. Lines without a cost earn the usual margin.
select
    account_id,
    day,
    coalesce(bought_net > 0, false) as bought,
    cast(net as decimal(18, 4)) as net,
    cast(
        earned - coalesce(uncosted, 0) + cast(cast(coalesce(uncosted, 0) as decimal(18, 4)) * margin.rate as decimal(38, 12)) as decimal(18, 4)
    ) as profit
from facts.account_days
cross join acting.margin as margin
where day > {as_of} - 730 and day <= {as_of}
