-- One row a customer and day with order lines, of the last two years: what the day brought.
select
    account_id,
    day,
    bool_or(is_purchase) as bought,
    cast(sum(net) as decimal(18, 4)) as net,
    cast(sum(coalesce(net - cost, cast(cast(net as decimal(18, 4)) * margin.rate as decimal(38, 12)))) as decimal(18, 4)) as profit
from facts.sales
cross join acting.margin as margin
where account_id is not null and day > {as_of} - 730 and day <= {as_of}
group by account_id, day
