-- One row a customer and day on which it bought: what the predictions of repeat buying are made of. A line that cost nothing is bought
-- too, a credit (negative) is not; `profit` is net sales for lines without a cost.
-- needs: order_lines.account_id
-- rebuilt: account_id
select
    account_id,
    day,
    sum(net) as net,
    sum(case when cost is null then net else net - cost end) as profit,
    count(*) as lines,
    count(distinct product_id) as products
from facts.sales
where status = 'completed' and net >= 0 and account_id is not null
group by account_id, day
