-- One row an account and day on which it bought or returned something: the net sales, and what they earned (gross profit; of lines without
-- cost net sales). What a customer has brought so far, or in twelve months, is read from these few rows.
-- needs: order_lines.account_id
-- rebuilt: account_id
select
    account_id,
    day,
    sum(net) as net,
    sum(coalesce(net - cost, net)) as earned,
    max(unpriced) as unpriced
from facts.sales
where account_id is not null
group by account_id, day
