-- One row an account and day on which it bought or returned something: the net sales, and what they earned (gross profit; of lines without
-- cost net sales; `uncosted` is how much of it these were). What a customer has brought so far, or in twelve months, is read from these few rows. `bought_…`, `lines` and `products`
-- are of completed lines alone, without credits (negative): a day with such lines is a purchase day, even where they cost nothing.
-- needs: order_lines.account_id
-- rebuilt: account_id, day
select
    account_id,
    day,
    sum(net) as net,
    sum(coalesce(net - cost, net)) as earned,
    sum(case when cost is null then net end) as uncosted,
    max(unpriced) as unpriced,
    sum(case when status = 'completed' and net >= 0 then net end) as bought_net,
    sum(case when status = 'completed' and net >= 0 then coalesce(net - cost, net) end) as bought_earned,
    count(case when status = 'completed' and net >= 0 then 1 end) as lines,
    count(distinct case when status = 'completed' and net >= 0 then product_id end) as products
from facts.sales
where account_id is not null
group by account_id, day
